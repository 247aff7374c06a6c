// hugepagectl in a mount namespace with a /run of its own, on the machine's real 2 MiB pages. Others may
// reserve and give back pages of theirs at the same time.
#pragma once

#include "tests/support/child_process.h"
#include "tests/support/guardian.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/mount.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace tests {

inline constexpr const char* kRun = "/run/hugepage-shim";
inline constexpr const char* kCounts = "/sys/kernel/mm/hugepages/hugepages-2048kB/";

inline std::uint64_t count_of(const char* name) {
    std::uint64_t count = 0;
    std::ifstream(std::string(kCounts) + name) >> count;
    return count;
}

// What was reserved, by whomever.
inline std::uint64_t reserved_pages() {
    return count_of("nr_hugepages") - count_of("surplus_hugepages");
}

class CtlTest : public testing::Test {
  protected:
    void SetUp() override {
        static const std::string missing = [] {
            auto problem = enter_own_mount_namespace();
            if (problem.empty() && ::mount("none", "/run", "tmpfs", 0, nullptr) != 0) {
                problem = "needs to mount a tmpfs";
            }
            return problem;
        }();
        if (!missing.empty()) {
            GTEST_SKIP() << missing;
        }
        if (!std::filesystem::exists(kCounts)) {
            GTEST_SKIP() << "needs huge pages of 2 MiB";
        }
        std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
        // In the test's namespace.
        guardian_ = std::make_unique<Guardian>(
            std::vector<std::string>{"--run", "exec '" HUGEPAGECTL "' remove >/dev/null 2>&1"});
    }
    void TearDown() override {
        guardian_.reset();
        std::filesystem::remove_all(kRun);
    }

    [[nodiscard]] static std::vector<std::string> command(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), HUGEPAGECTL);
        return arguments;
    }
    [[nodiscard]] static Outcome hugepagectl(const std::vector<std::string>& arguments) {
        return run(command(arguments));
    }
    // With --page-size 2MiB, --path and --node 0.
    [[nodiscard]] std::vector<std::string> setup(std::vector<std::string> more) const {
        more.insert(more.begin(),
                    {"setup", "--page-size", "2MiB", "--node", "0", "--path", place().string()});
        return more;
    }
    [[nodiscard]] static nlohmann::json json_of(const Outcome& outcome) {
        return nlohmann::json::parse(outcome.out, nullptr, false);
    }

    [[nodiscard]] std::filesystem::path place() const { return folder_.path() / "huge" / "pc1"; }
    [[nodiscard]] std::filesystem::path file(int index, const std::string& size = "8.0_MiB") const {
        return place() / "numa_0" / (size + "_" + std::to_string(index));
    }
    // A size of file that needs more pages than are free now, unless those are very many.
    [[nodiscard]] static std::string size_to_grow() {
        constexpr std::uint64_t kMost = 256;
        return std::to_string(2 * (std::min(count_of("free_hugepages"), kMost) + 8)) + "MiB";
    }

    void expect_nothing_left() const {
        EXPECT_FALSE(std::filesystem::exists(place().parent_path()));
        EXPECT_FALSE(std::filesystem::exists(kRun));
        EXPECT_EQ(read_file("/proc/self/mountinfo").find(folder_.path().string()), std::string::npos);
    }

    TempDir folder_;
    std::unique_ptr<Guardian> guardian_;
};

}  // namespace tests
