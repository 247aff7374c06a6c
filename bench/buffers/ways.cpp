// The calls, each as its manual says.
#include "bench/buffers/ways.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace peers {
namespace {

constexpr std::size_t kSmallPage = 4096;
constexpr int kBuffers = 2;

[[noreturn]] void fail(const char* call, std::size_t bytes, const char* reason) {
    throw std::runtime_error(std::string(call) + " of " + std::to_string(bytes) + " bytes: " + reason);
}

// libhugetlbfs, which need not be there when this is built.
using GetRegion = void* (*)(std::size_t, unsigned long);
using FreeRegion = void (*)(void*);
constexpr unsigned long kRegionOfHugePagesOnly = 0x10000000;  // GHR_STRICT of hugetlbfs.h
GetRegion get_region = nullptr;
FreeRegion free_region = nullptr;

void load_libhugetlbfs() {
    void* library = dlopen("libhugetlbfs.so.0", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        throw std::runtime_error(dlerror());
    }
    get_region = reinterpret_cast<GetRegion>(dlsym(library, "get_hugepage_region"));
    free_region = reinterpret_cast<FreeRegion>(dlsym(library, "free_hugepage_region"));
    if (get_region == nullptr || free_region == nullptr) {
        throw std::runtime_error("libhugetlbfs.so.0 has no get_hugepage_region");
    }
}

void* map(std::size_t bytes, int flags) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (memory == MAP_FAILED) {
        fail(flags == 0 ? "mmap" : "mmap with MAP_HUGETLB", bytes, std::strerror(errno));
    }
    return memory;
}

void* map_advised(std::size_t bytes) {
    void* memory = map(bytes, 0);
    if (::madvise(memory, bytes, MADV_HUGEPAGE) != 0) {
        fail("madvise(MADV_HUGEPAGE)", bytes, std::strerror(errno));
    }
    return memory;
}

void* get(const Request& request) {
    switch (request.way) {
        case Way::kMmap:
            return map(request.bytes, 0);
        case Way::kMadvise:
            return map_advised(request.bytes);
        case Way::kCalloc:
            if (void* memory = std::calloc(1, request.bytes)) {
                return memory;
            }
            fail("calloc", request.bytes, std::strerror(errno));
        case Way::kMapHugetlb:
            return map(request.bytes,
                       MAP_HUGETLB | static_cast<int>(std::countr_zero(request.page_size) << MAP_HUGE_SHIFT));
        case Way::kLibhugetlbfs:
            if (void* memory = get_region(request.bytes, kRegionOfHugePagesOnly)) {
                return memory;
            }
            fail("get_hugepage_region", request.bytes, "no pages, or no hugetlbfs that may be used");
    }
    std::abort();
}

// A zero to each page, which keeps what must be zero. Pages are taken to be small: what a huge one costs more
// by that is nothing beside its being put into place.
void touch(std::span<std::uint8_t> memory) {
    for (std::size_t offset = 0; offset < memory.size(); offset += kSmallPage) {
        static_cast<volatile std::uint8_t&>(memory[offset]) = 0;
    }
}

void touch_by(unsigned threads, std::span<std::uint8_t> memory) {
    if (threads == 1) {
        touch(memory);
        return;
    }
    const std::size_t share = (memory.size() / threads / kSmallPage + 1) * kSmallPage;
    std::vector<std::jthread> crew;
    for (std::size_t begin = 0; begin < memory.size(); begin += share) {
        crew.emplace_back(touch, memory.subspan(begin, std::min(share, memory.size() - begin)));
    }
}

}  // namespace

void prepare(const Request& request) {
    if (request.way == Way::kLibhugetlbfs) {
        load_libhugetlbfs();
    }
}

Buffer::Buffer(const Request& request)
    : way_(request.way), memory_(static_cast<std::uint8_t*>(get(request)), request.bytes) {
    if (!request.readying.by_mlock) {
        touch_by(request.readying.threads, memory_);
    } else if (::mlock(memory_.data(), memory_.size()) != 0) {
        fail("mlock", request.bytes,
             errno == ENOMEM || errno == EPERM ? "not allowed; see 'ulimit -l'" : std::strerror(errno));
    }
}

Buffer::~Buffer() {
    if (memory_.empty()) {
        return;
    }
    switch (way_) {
        case Way::kMmap:
        case Way::kMadvise:
        case Way::kMapHugetlb:
            ::munmap(memory_.data(), memory_.size());
            break;
        case Way::kCalloc:
            std::free(memory_.data());
            break;
        case Way::kLibhugetlbfs:
            free_region(memory_.data());
            break;
    }
}

std::vector<Buffer> take_two(const Request& request) {
    std::vector<Buffer> buffers;
    buffers.reserve(kBuffers);
    for (int count = 0; count < kBuffers; ++count) {
        buffers.emplace_back(request);
    }
    return buffers;
}

}  // namespace peers
