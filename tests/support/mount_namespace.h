// File systems of a test's own, which nobody else sees and which end with it however it ends.
#pragma once

#include "tests/support/temp_dir.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace tests {

// Once for the process: from here on its mounts are nobody else's and end with it. Returns why that cannot be
// had, for GTEST_SKIP; or empty.
[[nodiscard]] std::string enter_own_mount_namespace();

// A folder on a file system of this size.
class SmallDisk {
  public:
    explicit SmallDisk(std::uint64_t bytes);
    ~SmallDisk();
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

    // Why there is none, for GTEST_SKIP; or empty.
    [[nodiscard]] const std::string& missing() const { return missing_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::string missing_;
    std::unique_ptr<TempDir> root_;
    std::filesystem::path path_;
};

}  // namespace tests
