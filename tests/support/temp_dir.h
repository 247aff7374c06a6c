// A folder of one test's own, gone with all its content at the end of the test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tests {

class TempDir {
  public:
    // Within `parent`; fails the process with a message if it can't be made.
    explicit TempDir(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    // Writes a file, and the folders it needs, below path().
    std::filesystem::path write(std::string_view name, std::string_view content) const;

  private:
    std::filesystem::path path_;
};

[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace tests
