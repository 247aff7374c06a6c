// A folder in memory (tmpfs) that is gone after the test.
#pragma once

#include "shim/base/fd.h"

#include <stdlib.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace pool {

class TempFolder {
  public:
    TempFolder() {
        std::string name = "/dev/shm/file_init_test.XXXXXX";
        if (::mkdtemp(name.data()) != nullptr) {
            path_ = name;
            fd_ = hugepage::Fd(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        }
    }
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    // Where there is no /dev/shm there is no folder, and the test is to be skipped.
    [[nodiscard]] bool is_there() const { return fd_.get() >= 0; }
    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
    [[nodiscard]] bool is_empty() const { return std::filesystem::is_empty(path_); }

  private:
    std::string path_;
    hugepage::Fd fd_;
};

}  // namespace pool
