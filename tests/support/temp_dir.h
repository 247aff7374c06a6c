// A folder of one test's own, gone with all its content at the end of the test, whatever end that is.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace tests {

class TempDir {
  public:
    // Within `parent`; throws if it can't be made. A guardian process, of its own session, removes the folder
    // when this object goes or when the test dies, even by SIGKILL.
    explicit TempDir(const std::filesystem::path& parent = std::filesystem::temp_directory_path());
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    // Writes a file, and the folders it needs, below path().
    std::filesystem::path write(std::string_view name, std::string_view content) const;

  private:
    std::filesystem::path path_;
    int lifeline_ = -1;  // the guardian reads the other end; it is closed when this process is gone
    int guardian_ = -1;
};

[[nodiscard]] std::string read_file(const std::filesystem::path& path);

}  // namespace tests
