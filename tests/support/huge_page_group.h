// A control group whose processes may have no huge pages of their own.
#pragma once

#include "tests/support/temp_dir.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace tests {

// Of version 2 of control groups or version 1, whichever has the controller on this machine; seen by this
// process alone, and gone with this object if all that entered it have ended.
class HugePageGroup {
  public:
    explicit HugePageGroup(std::uint64_t page_bytes);
    ~HugePageGroup();
    HugePageGroup(const HugePageGroup&) = delete;
    HugePageGroup& operator=(const HugePageGroup&) = delete;

    // Why there is none, for GTEST_SKIP; or empty.
    [[nodiscard]] const std::string& missing() const { return missing_; }
    // A process enters that writes "0" to it.
    [[nodiscard]] std::filesystem::path processes() const { return group_ / "cgroup.procs"; }

  private:
    [[nodiscard]] std::string make(std::uint64_t page_bytes);
    [[nodiscard]] bool has_version_2();

    std::string missing_;
    std::unique_ptr<TempDir> root_;
    std::filesystem::path group_;
    bool was_enabled_ = true;
};

}  // namespace tests
