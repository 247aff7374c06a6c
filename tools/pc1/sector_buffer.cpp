// Getting and returning the memory of a layer.
#include "tools/pc1/sector_buffer.h"

#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace pc1 {
namespace {

std::uint8_t* take(Allocation allocation, std::size_t size, int advice) {
    const bool by_mmap = allocation != Allocation::kCalloc;
    void* memory = by_mmap ? mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                           : std::calloc(1, size);
    if (memory == (by_mmap ? MAP_FAILED : nullptr)) {
        const int reason = errno;
        throw std::system_error(
            reason, std::generic_category(),
            std::string(by_mmap ? "mmap" : "calloc") + " of " + std::to_string(size) + " bytes");
    }
    if (advice != 0) {
        const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
        const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page;
        const auto end = (reinterpret_cast<std::uintptr_t>(memory) + size) / page * page;
        madvise(reinterpret_cast<void*>(begin), end - begin, advice);
    }
    return static_cast<std::uint8_t*>(memory);
}

}  // namespace

SectorBuffer::SectorBuffer(Allocation allocation, std::size_t size, int advice)
    : data_(take(allocation, size, advice), Release{.allocation = allocation, .size = size}) {
    if (allocation == Allocation::kMmap && mlock(data(), size) != 0) {
        lock_error_ = errno;
        data_.reset();
        data_.reset(take(allocation, size, advice));
    }
}

void SectorBuffer::Release::operator()(std::uint8_t* data) const {
    if (allocation == Allocation::kCalloc) {
        std::free(data);
    } else {
        munmap(data, size);
    }
}

}  // namespace pc1
