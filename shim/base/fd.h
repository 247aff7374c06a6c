// A file descriptor with an owner.
#pragma once

#include "shim/base/result.h"
#include "shim/base/sys.h"

#include <optional>
#include <utility>

namespace hugepage {

// Move-only; closes what it holds. Another thread may close all descriptors, as closefrom does, and the
// number may be given again: then it is somebody else's, and stays open. errno is not kept by the destructor.
class Fd {
  public:
    Fd() noexcept = default;
    explicit Fd(int fd) noexcept : fd_(fd), file_(file_of(fd)) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)), file_(other.file_) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(file_, other.file_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        const auto now = file_of(fd_);
        if (fd_ >= 0 && (!now || !file_ || now == file_)) {
            sys::close(fd_);
        }
    }

    // A path that isn't absolute begins at the folder. `facts` are of the file, asked once; all zero, and
    // errno says why, if they can't be had.
    static Result<Fd> open(const char* path, int flags, mode_t mode, int folder,
                           struct stat& facts) noexcept {
        Fd file;
        file.fd_ = sys::open(path, flags, mode, folder);
        if (file.fd_ < 0) {
            return Error{"open", errno};
        }
        file.file_ = file_of(file.fd_, facts);
        return file;
    }
    static Result<Fd> open(const char* path, int flags, mode_t mode = 0, int folder = AT_FDCWD) noexcept {
        Fd file(sys::open(path, flags, mode, folder));
        if (file.get() < 0) {
            return Error{"open", errno};
        }
        return file;
    }

    [[nodiscard]] int get() const noexcept { return fd_; }
    // Whether the number is still that of the file that it was given for.
    [[nodiscard]] bool has_its_file() const noexcept {
        const auto now = file_of(fd_);
        return now && now == file_;
    }

  private:
    struct File {
        dev_t device;
        ino_t inode;
        bool operator==(const File&) const = default;
    };
    // Out of line: the stack of a request is small.
    [[gnu::noinline]] static std::optional<File> file_of(int fd) noexcept {
        struct stat facts {};
        return file_of(fd, facts);
    }
    static std::optional<File> file_of(int fd, struct stat& facts) noexcept {
        if (fd < 0 || sys::fstat(fd, facts) != 0) {
            return std::nullopt;
        }
        return File{facts.st_dev, facts.st_ino};
    }

    int fd_ = -1;
    std::optional<File> file_;
};

}  // namespace hugepage
