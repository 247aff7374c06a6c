// errno is part of what a caller sees: on success the shim leaves it as it was.
#pragma once

#include <cerrno>

namespace hugepage {

// Restores errno at the end of the scope, unless told which value the caller is to see.
class ErrnoGuard {
  public:
    ErrnoGuard() noexcept : saved_(errno) {}
    ~ErrnoGuard() { errno = saved_; }
    ErrnoGuard(const ErrnoGuard&) = delete;
    ErrnoGuard& operator=(const ErrnoGuard&) = delete;

    void leave(int code) noexcept { saved_ = code; }

  private:
    int saved_;
};

}  // namespace hugepage
