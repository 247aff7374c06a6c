// System calls by instruction, and what is done with them on files and on memory of one's own.
//
// Not the C library's functions, `syscall` among them, for three reasons: a host or another preloaded library
// may have replaced those; some are cancellation points, which mmap is not: a thread cancelled in the middle
// of a request would leave a half-made mapping behind; and each name that the loader must find makes the
// start of every child of the sealer slower. Each returns what the C library's would, and sets errno.
#pragma once

#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <type_traits>

namespace hugepage::sys {
namespace internal {

template <class T>
long word(T value) noexcept {
    if constexpr (std::is_pointer_v<T>) {
        return reinterpret_cast<long>(value);
    } else if constexpr (std::is_null_pointer_v<T>) {
        return 0;
    } else {
        return static_cast<long>(value);
    }
}

// An error is returned as its number, negated. By value: a sanitizer calls a function for each read of
// memory, which a word that is in its register already would not survive.
inline long enter_kernel(long number, long a, long b, long c, long d, long e, long f) noexcept {
#if defined(__x86_64__)
    register long fourth asm("r10") = d;
    register long fifth asm("r8") = e;
    register long sixth asm("r9") = f;
    asm volatile("syscall"
                 : "+a"(number)
                 : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
                 : "rcx", "r11", "memory");
    return number;
#elif defined(__aarch64__)
    register long x8 asm("x8") = number;
    register long x0 asm("x0") = a;
    register long x1 asm("x1") = b;
    register long x2 asm("x2") = c;
    register long x3 asm("x3") = d;
    register long x4 asm("x4") = e;
    register long x5 asm("x5") = f;
    asm volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8) : "memory");
    return x0;
#else
#error "Written for x86-64 and aarch64."
#endif
}

// Once for each number of words: smaller than at each place that calls.
template <class... Words>
[[gnu::noinline]] long call_with(long number, Words... words) noexcept {
    const long all[6] = {words...};
    const long result = enter_kernel(number, all[0], all[1], all[2], all[3], all[4], all[5]);
    constexpr long kLargestError = 4095;
    if (result < 0 && result >= -kLargestError) [[unlikely]] {
        errno = static_cast<int>(-result);
        return -1;
    }
    return result;
}

}  // namespace internal

// Any system call, with numbers and pointers.
template <class... Arguments>
long call(long number, Arguments... arguments) noexcept {
    static_assert(sizeof...(Arguments) <= 6);
    return internal::call_with(number, internal::word(arguments)...);
}

inline int close(int fd) noexcept {
    return static_cast<int>(call(SYS_close, fd));
}

// Another descriptor of the same open file, closed by exec. It is never 0, 1 or 2, which the program may find
// closed, or close, and open anew.
inline int duplicate(int fd) noexcept {
    const int copy = static_cast<int>(call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (copy < 0 && errno == EINVAL) {
        errno = EMFILE;  // the limit is that low
    }
    return copy;
}

// The one place that opens a file; closed by exec. It is never 0, 1 or 2: a program that was started without
// stdin would read ours.
inline int open(const char* path, int flags, mode_t mode = 0, int folder = AT_FDCWD) noexcept {
    const int fd = static_cast<int>(call(SYS_openat, folder, path, flags | O_CLOEXEC, mode));
    if (fd < 0 || fd > STDERR_FILENO) {
        return fd;
    }
    const int raised = duplicate(fd);
    close(fd);
    return raised;
}

inline ssize_t read(int fd, void* buffer, std::size_t bytes) noexcept {
    ssize_t got;
    do {
        got = call(SYS_read, fd, buffer, bytes);
    } while (got < 0 && errno == EINTR);
    return got;
}

inline ssize_t write(int fd, const void* buffer, std::size_t bytes) noexcept {
    ssize_t put;
    do {
        put = call(SYS_write, fd, buffer, bytes);
    } while (put < 0 && errno == EINTR);
    return put;
}

// On the 64-bit systems this is for, the C library's structures are the kernel's.
inline int fstat(int fd, struct stat& facts) noexcept {
    return static_cast<int>(call(SYS_fstat, fd, &facts));
}

// Follows no link.
inline int fstatat(int folder, const char* name, struct stat& facts) noexcept {
    return static_cast<int>(call(SYS_newfstatat, folder, name, &facts, AT_SYMLINK_NOFOLLOW));
}

// Nanoseconds. Programs are also run under a clock of somebody's making, which may stand still: not this one.
inline std::int64_t now(clockid_t clock) noexcept {
    timespec time{};
    call(SYS_clock_gettime, clock, &time);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

// Whether system calls are filtered (seccomp). A filter may end the process for a call that it doesn't allow,
// so what is not necessary is left out then. If the answer is an error, a filter made it, except for EINVAL:
// that kernel has no filters.
inline bool is_filtered() noexcept {
    const long mode = call(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0);
    return mode > 0 || (mode < 0 && errno != EINVAL);
}

}  // namespace hugepage::sys

namespace hugepage {

// errno is part of what a caller sees: on success the shim leaves it as it was. Restores errno at the end of
// the scope, unless told which value the caller is to see.
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
