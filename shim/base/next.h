// What stands behind the shim: the next function of each name in the chain of preloaded libraries, and below
// that the bare system call.
//
// The functions here go down the chain, so that other preloaded libraries see what they would see without the
// shim. They are never looked up on a request: until resolve() has run, and if nobody but the C library
// stands behind the shim, they are the system call. All report as the C library does, by MAP_FAILED or -1 and
// errno.
#pragma once

#include <sys/mman.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>

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

// The function that is next in the chain, called as the C function of its name is.
template <class Function>
class Link;

template <class Result, class... Arguments>
class Link<Result(Arguments...)> {
  public:
    using Function = Result(Arguments...);
    constexpr explicit Link(Function* function) noexcept : function_(function) {}

    // Whoever calls it meanwhile calls the old function or the new one, and either is right: relaxed is
    // enough.
    void set(Function* function) noexcept { function_.store(function, std::memory_order_relaxed); }
    [[nodiscard]] Function* function() const noexcept { return function_.load(std::memory_order_relaxed); }
    Result operator()(Arguments... arguments) const { return function()(arguments...); }

  private:
    std::atomic<Function*> function_;
};

// Looks the names up, if there is anybody to find. Once, from the library's constructor.
void resolve() noexcept;

// The next function of any name, in the order in which libraries were loaded with the program; null if there
// is none. Not by dlsym, which glibc has moved between libraries and versions (a library that asks for it
// doesn't load on older systems), which may allocate, and which others stand before.
[[nodiscard]] void* find(const char* name) noexcept;

// Hidden, so that no detour by the offset table leads to them.
#pragma GCC visibility push(hidden)
static_assert(sizeof(off_t) == 8,
              "mmap and mmap64 take the same arguments on the 64-bit systems this is for");
extern constinit Link<void*(void* address, std::size_t length, int protection, int flags, int fd,
                            off_t offset)>
    mmap;
extern constinit Link<void*(void* address, std::size_t length, int protection, int flags, int fd,
                            off_t offset)>
    mmap64;
extern constinit Link<int(void* address, std::size_t length)> munmap;
// The fifth argument is one of the C function's `...`, which on the 64-bit systems this is for is passed
// alike.
extern constinit Link<void*(void* old_address, std::size_t old_length, std::size_t new_length, int flags,
                            void* new_address)>
    mremap;
extern constinit Link<int(void* address, std::size_t length, int advice)> madvise;
extern constinit Link<int(void* address, std::size_t length, int advice)> posix_madvise;  // returns the error
extern constinit Link<int(void* address, std::size_t length, int protection)> mprotect;
extern constinit Link<int(void* address, std::size_t length, int flags)> msync;  // a cancellation point
extern constinit Link<int(const void* address, std::size_t length)> mlock;
extern constinit Link<int(const void* address, std::size_t length, unsigned flags)> mlock2;
extern constinit Link<int(const void* address, std::size_t length)> munlock;
extern constinit Link<int(int flags)> mlockall;
extern constinit Link<int()> munlockall;
extern constinit Link<int(void* address, std::size_t length, unsigned char* residence)> mincore;
#pragma GCC visibility pop

// Addresses where nobody else is to map anything; whatever is there is unmapped at the same moment.
inline MapRequest kept_free(void* begin, std::size_t length) noexcept {
    return {begin, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0};
}

// For the shim's own mappings.
namespace kernel {
void* mmap(const MapRequest& request) noexcept;
int munmap(void* address, std::size_t length) noexcept;
// The same length, to just there.
void* mremap(void* old_address, std::size_t length, void* new_address) noexcept;
int madvise(void* address, std::size_t length, int advice) noexcept;
int mprotect(void* address, std::size_t length, int protection) noexcept;
}  // namespace kernel

}  // namespace hugepage::next
