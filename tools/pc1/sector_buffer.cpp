// Getting and returning the memory of a layer.
#include "tools/pc1/sector_buffer.h"

#include <sys/mman.h>
#include <system_error>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <utility>

namespace pc1 {
namespace {

[[noreturn]] void fail(const char* call, std::size_t size) {
    const int reason = errno;
    throw std::system_error(reason, std::generic_category(),
                            std::string(call) + " of " + std::to_string(size) + " bytes");
}

void* map_anonymous(std::size_t size) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        fail("mmap", size);
    }
    return memory;
}

}  // namespace

SectorBuffer SectorBuffer::map_and_lock(std::size_t size) {
    void* memory = map_anonymous(size);
    if (mlock(memory, size) == 0) {
        return {Allocation::kMmap, memory, size, 0};
    }
    const int lock_error = errno;
    munmap(memory, size);
    return {Allocation::kMmap, map_anonymous(size), size, lock_error};
}

SectorBuffer SectorBuffer::zero_allocate(std::size_t size) {
    void* memory = std::calloc(1, size);
    if (memory == nullptr) {
        fail("calloc", size);
    }
    return {Allocation::kCalloc, memory, size, 0};
}

SectorBuffer SectorBuffer::get(Allocation allocation, std::size_t size) {
    return allocation == Allocation::kMmap ? map_and_lock(size) : zero_allocate(size);
}

SectorBuffer::SectorBuffer(Allocation allocation, void* data, std::size_t size, int lock_error)
    : allocation_(allocation),
      data_(static_cast<std::uint8_t*>(data)),
      size_(size),
      lock_error_(lock_error) {}

SectorBuffer::SectorBuffer(SectorBuffer&& other) noexcept
    : allocation_(other.allocation_),
      data_(std::exchange(other.data_, nullptr)),
      size_(other.size_),
      lock_error_(other.lock_error_) {}

SectorBuffer& SectorBuffer::operator=(SectorBuffer&& other) noexcept {
    std::swap(allocation_, other.allocation_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(lock_error_, other.lock_error_);
    return *this;
}

SectorBuffer::~SectorBuffer() {
    if (data_ == nullptr) {
        return;
    }
    if (allocation_ == Allocation::kMmap) {
        munmap(data_, size_);
    } else {
        std::free(data_);
    }
}

}  // namespace pc1
