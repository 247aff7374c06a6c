// Tests that run on the machine of scripts/numa-vm.sh, as root, with hugetlbfs at /mnt/huge and pages
// reserved on each node. Which of them fit which machine, CMakeLists.txt says.
#pragma once

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace tests {

class Vm : public testing::Test {
  protected:
    Vm();
    ~Vm() override;

    [[nodiscard]] static std::vector<int> all_nodes();
    // As the kernel lists them, and the words that start a program there.
    [[nodiscard]] static std::string cpus_of(int node);
    [[nodiscard]] static std::vector<std::string> on_cpus_of(int node);

    // By hugepage-file-init: files of one huge page, or of several, on the node.
    [[nodiscard]] Outcome file_init(int node, int count, std::uint64_t pages,
                                    const std::vector<std::string>& before = {}) const;
    void make_files(int node, int count, std::uint64_t pages = 1) const;
    [[nodiscard]] std::filesystem::path folder_of(int node) const;

    // The client with the shim, started by the words of `before` (taskset and the like). Its buffers are of
    // `pages`.
    [[nodiscard]] std::vector<std::string> command(const std::string& scenario,
                                                   const std::vector<std::string>& arguments,
                                                   const std::vector<std::string>& before = {},
                                                   std::uint64_t pages = 1) const;
    [[nodiscard]] Environment environment(const Environment& more = {}) const;
    // What it prints before it holds what it has, and what it and the shim say on stderr.
    [[nodiscard]] Outcome take(int count, const Environment& more = {},
                               const std::vector<std::string>& before = {},
                               const std::string& scenario = "take") const;

    [[nodiscard]] std::uint64_t page_bytes() const { return page_bytes_; }
    [[nodiscard]] bool is_small() const { return page_bytes_ == 2UL << 20; }
    // "file N1=2": so many whole huge pages on the node.
    [[nodiscard]] static std::string file_on(int node, int pages = 1);

  private:
    std::filesystem::path pool_ = "/mnt/huge/pool";
    std::uint64_t page_bytes_;
};

}  // namespace tests
