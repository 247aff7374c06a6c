#include "shim/next.h"

#include <link.h>

#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

// Where this library begins and ends, by the linker.
extern "C" [[gnu::visibility("hidden")]] const char __ehdr_start[];
extern "C" [[gnu::visibility("hidden")]] const char _end[];

namespace hugepage::next {
namespace {

template <class... Arguments>
int call(long number, Arguments... arguments) noexcept {
    return static_cast<int>(::syscall(number, arguments...));
}

void* mmap_call(void* address, std::size_t length, int protection, int flags, int fd, off_t offset) noexcept {
    return reinterpret_cast<void*>(::syscall(SYS_mmap, address, length, protection, flags, fd, offset));
}

int munmap_call(void* address, std::size_t length) noexcept {
    return call(SYS_munmap, address, length);
}

void* mremap_call(void* old_address, std::size_t old_length, std::size_t new_length, int flags,
                  void* new_address) noexcept {
    return reinterpret_cast<void*>(
        ::syscall(SYS_mremap, old_address, old_length, new_length, flags, new_address));
}

int madvise_call(void* address, std::size_t length, int advice) noexcept {
    return call(SYS_madvise, address, length, advice);
}

int posix_madvise_call(void* address, std::size_t length, int advice) noexcept {
    if (advice == POSIX_MADV_DONTNEED) {
        return 0;  // the kernel's would lose the content, which POSIX's must not
    }
    const int before = errno;
    const int result = madvise_call(address, length, advice) == 0 ? 0 : errno;
    errno = before;
    return result;
}

int mprotect_call(void* address, std::size_t length, int protection) noexcept {
    return call(SYS_mprotect, address, length, protection);
}

// A cancellation point, as the C library's: a thread may be cancelled while the call waits for the disk.
int msync_call(void* address, std::size_t length, int flags) {
    int before = 0;
    ::pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
    const int result = call(SYS_msync, address, length, flags);
    ::pthread_setcanceltype(before, nullptr);
    return result;
}

int mlock_call(const void* address, std::size_t length) noexcept {
    return call(SYS_mlock, address, length);
}

int mlock2_call(const void* address, std::size_t length, unsigned flags) noexcept {
    return call(SYS_mlock2, address, length, flags);
}

int munlock_call(const void* address, std::size_t length) noexcept {
    return call(SYS_munlock, address, length);
}

int mlockall_call(int flags) noexcept {
    return call(SYS_mlockall, flags);
}

int munlockall_call() noexcept {
    return call(SYS_munlockall);
}

int mincore_call(void* address, std::size_t length, unsigned char* residence) noexcept {
    return call(SYS_mincore, address, length, residence);
}

// Whether there is nothing in the process but the program, this library, the C library, its loader, and what
// the kernel brings. Then the functions to be found are the C library's, which are the bare system calls; not
// to look for them spares every small child of the sealer the time.
bool is_alone() noexcept {
    constexpr int kCompany = 4;
    int objects = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* count) {
            const bool is_the_kernels = std::string_view(object->dlpi_name).starts_with("linux-vdso.so");
            *static_cast<int*>(count) += is_the_kernels ? 0 : 1;
            return 0;
        },
        &objects);
    return objects <= kCompany;
}

// This library's own, which is not what comes next: another library's dlsym may look from its own place.
bool is_own(const void* function) noexcept {
    const auto* at = static_cast<const char*>(function);
    return __ehdr_start <= at && at < _end;
}

template <class Function>
void look_up(const char* name, std::atomic<Function*>& function) noexcept {
    if (void* const found = find(name)) {
        function.store(reinterpret_cast<Function*>(found), std::memory_order_relaxed);
    }
}

}  // namespace

namespace internal {

constinit std::atomic<MapFunction*> mmap{&mmap_call};
constinit std::atomic<MapFunction*> mmap64{&mmap_call};
constinit std::atomic<RangeFunction*> munmap{&munmap_call};
constinit std::atomic<RemapFunction*> mremap{&mremap_call};
constinit std::atomic<AdviceFunction*> madvise{&madvise_call};
constinit std::atomic<AdviceFunction*> posix_madvise{&posix_madvise_call};
constinit std::atomic<AdviceFunction*> mprotect{&mprotect_call};
constinit std::atomic<AdviceFunction*> msync{&msync_call};
constinit std::atomic<ConstRangeFunction*> mlock{&mlock_call};
constinit std::atomic<LockFunction*> mlock2{&mlock2_call};
constinit std::atomic<ConstRangeFunction*> munlock{&munlock_call};
constinit std::atomic<int (*)(int)> mlockall{&mlockall_call};
constinit std::atomic<int (*)()> munlockall{&munlockall_call};
constinit std::atomic<ResidenceFunction*> mincore{&mincore_call};

}  // namespace internal

void* find(const char* name) noexcept {
    void* const found = ::dlsym(RTLD_NEXT, name);
    return is_own(found) ? nullptr : found;
}

void resolve() noexcept {
    if (is_alone()) {
        return;
    }
    look_up("mmap", internal::mmap);
    look_up("mmap64", internal::mmap64);
    look_up("munmap", internal::munmap);
    look_up("mremap", internal::mremap);
    look_up("madvise", internal::madvise);
    look_up("posix_madvise", internal::posix_madvise);
    look_up("mprotect", internal::mprotect);
    look_up("msync", internal::msync);
    look_up("mlock", internal::mlock);
    look_up("mlock2", internal::mlock2);
    look_up("munlock", internal::munlock);
    look_up("mlockall", internal::mlockall);
    look_up("munlockall", internal::munlockall);
    look_up("mincore", internal::mincore);
}

namespace kernel {

void* mmap(const MapRequest& request) noexcept {
    return mmap_call(request.address, request.length, request.protection, request.flags, request.fd,
                     request.offset);
}
int munmap(void* address, std::size_t length) noexcept {
    return munmap_call(address, length);
}
void* mremap(void* old_address, std::size_t length, void* new_address) noexcept {
    return mremap_call(old_address, length, length, MREMAP_MAYMOVE | MREMAP_FIXED, new_address);
}
int madvise(void* address, std::size_t length, int advice) noexcept {
    return madvise_call(address, length, advice);
}
int mprotect(void* address, std::size_t length, int protection) noexcept {
    return mprotect_call(address, length, protection);
}

}  // namespace kernel
}  // namespace hugepage::next
