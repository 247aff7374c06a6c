// What stands behind the shim: the next function of each name in the chain of preloaded libraries, and below
// that the bare system call.
//
// The functions here go down the chain, so that other preloaded libraries see what they would see without the
// shim. They are never looked up on a request: until resolve() has run, and if nobody but the C library
// stands behind the shim, they are the system call. All report as the C library does, by MAP_FAILED or -1 and
// errno.
#pragma once

#include "shim/base/sys.h"

#include <sys/mman.h>
#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <type_traits>

namespace hugepage {

// What is asked for: the arguments of one mmap call.
struct MapRequest {
    void* address = nullptr;  // a hint, unless the flags make it more
    std::size_t length = 0;   // bytes
    int protection = 0;
    int flags = 0;
    int fd = -1;
    off_t offset = 0;
    bool placed = false;  // just there: at an address that heap.h keeps, and takes back
};

}  // namespace hugepage

namespace hugepage::next {

// Looks the names up, if there is anybody to find. Once, from the library's constructor.
void resolve() noexcept;

// The next function of any name, in the order in which libraries were loaded with the program; null if there
// is none. Not by dlsym, which glibc has moved between libraries and versions (a library that asks for it
// doesn't load on older systems), which may allocate, and which others stand before.
[[nodiscard]] void* find(const char* name) noexcept;

template <std::size_t size>
struct Name {
    constexpr Name(const char (&name)[size]) noexcept { std::copy_n(name, size, text); }
    char text[size];
};

// The function of this name that is next in the chain, called as the C function is.
template <Name name, class Function>
class Link;

template <Name name, class Result, class... Arguments>
class Link<name, Result(Arguments...)> {
  public:
    using Function = Result(Arguments...);
    constexpr explicit Link(Function* function) noexcept : function_(function) {}

    // Whoever calls it meanwhile calls the old function or the new one, and either is right: relaxed is
    // enough.
    void set(Function* function) noexcept { function_.store(function, std::memory_order_relaxed); }
    // What nobody has stays as it is.
    void look_up() noexcept {
        if (void* const found = find(name.text)) {
            set(reinterpret_cast<Function*>(found));
        }
    }
    [[nodiscard]] Function* function() const noexcept { return function_.load(std::memory_order_relaxed); }
    Result operator()(Arguments... arguments) const { return function()(arguments...); }

  private:
    std::atomic<Function*> function_;
};

// The bare system call, as a function of the C function's type.
template <long number, class Result, class... Arguments>
Result bare(Arguments... arguments) noexcept {
    const long result = sys::call(number, arguments...);
    if constexpr (std::is_pointer_v<Result>) {
        return reinterpret_cast<Result>(result);
    } else {
        return static_cast<Result>(result);
    }
}

// Hidden, so that no detour by the offset table leads to them.
#pragma GCC visibility push(hidden)
int posix_madvise_call(void* address, std::size_t length, int advice) noexcept;
int msync_call(void* address, std::size_t length, int flags);

static_assert(sizeof(off_t) == 8,
              "mmap and mmap64 take the same arguments on the 64-bit systems this is for");
using Mmap = void*(void* address, std::size_t length, int protection, int flags, int fd, off_t offset);
inline constinit Link<"mmap", Mmap> mmap{&bare<SYS_mmap>};
inline constinit Link<"mmap64", Mmap> mmap64{&bare<SYS_mmap>};
inline constinit Link<"munmap", int(void* address, std::size_t length)> munmap{&bare<SYS_munmap>};
// The fifth argument is one of the C function's `...`, which on the 64-bit systems this is for is passed
// alike.
inline constinit Link<"mremap", void*(void* old_address, std::size_t old_length, std::size_t new_length,
                                      int flags, void* new_address)>
    mremap{&bare<SYS_mremap>};
using Advise = int(void* address, std::size_t length, int advice);
inline constinit Link<"madvise", Advise> madvise{&bare<SYS_madvise>};
inline constinit Link<"posix_madvise", Advise> posix_madvise{&posix_madvise_call};  // returns the error
inline constinit Link<"mprotect", int(void* address, std::size_t length, int protection)> mprotect{
    &bare<SYS_mprotect>};
inline constinit Link<"msync", int(void* address, std::size_t length, int flags)> msync{&msync_call};
using Lock = int(const void* address, std::size_t length);
inline constinit Link<"mlock", Lock> mlock{&bare<SYS_mlock>};
inline constinit Link<"mlock2", int(const void* address, std::size_t length, unsigned flags)> mlock2{
    &bare<SYS_mlock2>};
inline constinit Link<"munlock", Lock> munlock{&bare<SYS_munlock>};
inline constinit Link<"mlockall", int(int flags)> mlockall{&bare<SYS_mlockall>};
inline constinit Link<"munlockall", int()> munlockall{&bare<SYS_munlockall>};
inline constinit Link<"mincore", int(void* address, std::size_t length, unsigned char* residence)> mincore{
    &bare<SYS_mincore>};
#pragma GCC visibility pop

inline void* mmap_by(Mmap* function, const MapRequest& request) noexcept {
    return function(request.address, request.length, request.protection, request.flags, request.fd,
                    request.offset);
}

// Addresses where nobody else is to map anything. By MAP_FIXED, whatever is there is unmapped at the same
// moment.
inline MapRequest kept_free(void* begin, std::size_t length, int fixed = MAP_FIXED) noexcept {
    return {begin, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0};
}

// For the shim's own mappings.
namespace kernel {
inline void* mmap(const MapRequest& request) noexcept {
    return mmap_by(&bare<SYS_mmap>, request);
}
inline constexpr auto* munmap = &bare<SYS_munmap, int, void*, std::size_t>;
inline constexpr auto* madvise = &bare<SYS_madvise, int, void*, std::size_t, int>;
inline constexpr auto* mprotect = &bare<SYS_mprotect, int, void*, std::size_t, int>;
}  // namespace kernel

}  // namespace hugepage::next
