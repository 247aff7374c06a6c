// A file descriptor with an owner.
#pragma once

#include "shim/base/result.h"
#include "shim/base/sys.h"

#include <utility>

namespace hugepage {

// Move-only; closes what it holds. errno is not kept by the destructor.
class Fd {
  public:
    Fd() noexcept = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        if (fd_ >= 0) {
            sys::close(fd_);
        }
    }

    // A path that isn't absolute begins at the folder.
    static Result<Fd> open(const char* path, int flags, mode_t mode = 0, int folder = AT_FDCWD) noexcept {
        Fd file(sys::open(path, flags, mode, folder));
        if (file.get() < 0) {
            return Error{"open", errno};
        }
        return file;
    }

    [[nodiscard]] int get() const noexcept { return fd_; }

  private:
    int fd_ = -1;
};

}  // namespace hugepage
