// What is done with files and with memory of one's own, as bare system calls.
//
// Not the C library's functions, for three reasons: a host or another preloaded library may have replaced
// those; some are cancellation points, which mmap is not: a thread cancelled in the middle of a request would
// leave a half-made mapping behind; and each name that the loader must find makes the start of every child of
// the sealer slower. Each returns what the kernel does and sets errno.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace hugepage::sys {

inline int open(const char* path, int flags, mode_t mode = 0, int folder = AT_FDCWD) noexcept {
    return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode));
}

// With O_CLOEXEC; the number is `least` or more.
inline int duplicate(int fd, int least) noexcept {
    return static_cast<int>(::syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, least));
}

inline int close(int fd) noexcept {
    return static_cast<int>(::syscall(SYS_close, fd));
}

inline ssize_t read(int fd, void* buffer, std::size_t bytes) noexcept {
    ssize_t got;
    do {
        got = ::syscall(SYS_read, fd, buffer, bytes);
    } while (got < 0 && errno == EINTR);
    return got;
}

inline ssize_t write(int fd, const void* buffer, std::size_t bytes) noexcept {
    ssize_t put;
    do {
        put = ::syscall(SYS_write, fd, buffer, bytes);
    } while (put < 0 && errno == EINTR);
    return put;
}

inline ssize_t getdents64(int fd, void* buffer, std::size_t bytes) noexcept {
    return ::syscall(SYS_getdents64, fd, buffer, bytes);
}

inline ssize_t readlink(const char* path, char* buffer, std::size_t bytes) noexcept {
    return ::syscall(SYS_readlinkat, AT_FDCWD, path, buffer, bytes);
}

// On the 64-bit systems this is for, the C library's structures are the kernel's.
inline int fstat(int fd, struct stat& facts) noexcept {
    return static_cast<int>(::syscall(SYS_fstat, fd, &facts));
}

// Follows no link.
inline int fstatat(int folder, const char* name, struct stat& facts) noexcept {
    return static_cast<int>(::syscall(SYS_newfstatat, folder, name, &facts, AT_SYMLINK_NOFOLLOW));
}

inline int fstatfs(int fd, struct statfs& facts) noexcept {
    return static_cast<int>(::syscall(SYS_fstatfs, fd, &facts));
}

inline int flock(int fd, int operation) noexcept {
    return static_cast<int>(::syscall(SYS_flock, fd, operation));
}

// Zeroed, private; at or somewhat below the address if nothing is there, else anywhere. Null if there is none
// to be had.
inline void* anonymous_memory(std::uintptr_t address, std::size_t bytes) noexcept {
    constexpr int kPlaces = 8;
    for (int i = 0; i <= kPlaces; ++i, address -= bytes) {
        const int fixed = i < kPlaces ? MAP_FIXED_NOREPLACE : 0;
        const long memory = ::syscall(SYS_mmap, address, bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
        if (memory != -1) {
            return reinterpret_cast<void*>(memory);
        }
    }
    return nullptr;
}

inline uid_t geteuid() noexcept {
    return static_cast<uid_t>(::syscall(SYS_geteuid));
}

}  // namespace hugepage::sys
