// A folder of one test's own, gone with all its content at the end of the test, whatever end that is.
#pragma once

#include "tests/support/guardian.h"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace tests {

class TempDir {
  public:
    // Within `parent`; throws if it can't be made.
    explicit TempDir(const std::filesystem::path& parent = std::filesystem::temp_directory_path());

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    // Writes a file, and the folders it needs, below path().
    std::filesystem::path write(std::string_view name, std::string_view content) const;

  private:
    std::filesystem::path path_;
    std::unique_ptr<Guardian> guardian_;
};

[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace tests
