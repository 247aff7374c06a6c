// Calls each function that the shim stands before so many times, on memory that is not the shim's.
//
//   calls COUNT                       in a process without regions
//   calls COUNT above|below BYTES     takes a buffer of so many bytes first; it lies above or below the
//   memory
//                                     that the calls are about

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr std::size_t kPage = 4096;
constexpr std::uintptr_t kLow = 1UL << 32;  // where nothing else is

char* map(void* place, std::size_t bytes, int protection) {
    return static_cast<char*>(::mmap(place, bytes, protection, kPrivate, -1, 0));
}

}  // namespace

int main(int argc, char** argv) {
    const long count = argc > 1 ? std::atol(argv[1]) : 0;
    const std::string_view region = argc > 2 ? argv[2] : "";
    const std::size_t bytes = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
    const auto at = [](std::uintptr_t address) { return reinterpret_cast<void*>(address); };
    if (!region.empty() &&
        map(at(region == "above" ? 2 * kLow : kLow / 2), bytes, kReadWrite) == MAP_FAILED) {
        return 1;
    }
    char* const page = map(at(kLow), kPage, PROT_READ);
    char* const free_page = page + 16 * kPage;
    for (long i = 0; i < count; ++i) {
        unsigned char residence = 0;
        ::mmap(nullptr, 0, kReadWrite, kPrivate, -1, 0);  // which the kernel refuses
        ::mmap64(nullptr, 0, kReadWrite, kPrivate, -1, 0);
        ::munmap(free_page, kPage);
        static_cast<void>(::mremap(page, kPage, kPage, 0));
        ::mprotect(page, kPage, PROT_READ);
        ::madvise(page, kPage, MADV_NORMAL);
        ::posix_madvise(page, kPage, POSIX_MADV_NORMAL);
        ::mlock(page, kPage);
        ::mlock2(page, kPage, 0);
        ::munlock(page, kPage);
        ::mlockall(0);  // which the kernel refuses
        ::munlockall();
        ::msync(page, kPage, MS_ASYNC);
        ::mincore(page, kPage, &residence);
        void* volatile memory = std::malloc(16);  // volatile, or the compiler leaves the pair out
        std::free(memory);
    }
    return page == at(kLow) ? 0 : 1;
}
