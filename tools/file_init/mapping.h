// A mapped file with an owner.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/result.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace file_init {

// Move-only; unmaps what it holds.
class Mapping {
  public:
    // The first `size` bytes of the file, somewhere.
    static hugepage::Result<Mapping> of(int fd, hugepage::ByteSize size, int protection, int flags) noexcept {
        void* begin = ::mmap(nullptr, size.bytes, protection, flags, fd, 0);
        if (begin == MAP_FAILED) {
            return hugepage::Error{"mmap", errno};
        }
        return Mapping(begin, size.bytes);
    }
    Mapping(Mapping&& other) noexcept : begin_(std::exchange(other.begin_, nullptr)), size_(other.size_) {}
    Mapping& operator=(Mapping&& other) noexcept {
        std::swap(begin_, other.begin_);
        std::swap(size_, other.size_);
        return *this;
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (begin_ != nullptr) {
            ::munmap(begin_, size_);
        }
    }

    [[nodiscard]] void* begin() const noexcept { return begin_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    Mapping(void* begin, std::size_t size) noexcept : begin_(begin), size_(size) {}

    void* begin_;
    std::size_t size_;
};

}  // namespace file_init
