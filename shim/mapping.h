// Address space with an owner, for the time in which serving a request may still fail.
#pragma once

#include "shim/core/result.h"
#include "shim/next.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace hugepage {

// Move-only; unmaps unless it was handed over.
class Mapping {
  public:
    [[nodiscard]] static Result<Mapping> create(const MapRequest& request) noexcept {
        void* begin = next::kernel::mmap(request);
        if (begin == MAP_FAILED) {
            return Error{"mmap", errno};
        }
        return Mapping(begin, request.length);
    }
    Mapping(Mapping&& other) noexcept
        : begin_(std::exchange(other.begin_, nullptr)), length_(other.length_) {}
    Mapping& operator=(Mapping&&) = delete;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (begin_ != nullptr) {
            next::kernel::munmap(begin_, length_);
        }
    }

    [[nodiscard]] Status advise(int advice, const char* name) const noexcept {
        if (next::kernel::madvise(begin_, length_, advice) != 0) {
            return Error{name, errno};
        }
        return Done{};
    }

    [[nodiscard]] void* begin() const noexcept { return begin_; }
    [[nodiscard]] void* hand_over() noexcept { return std::exchange(begin_, nullptr); }

  private:
    Mapping(void* begin, std::size_t length) noexcept : begin_(begin), length_(length) {}

    void* begin_;
    std::size_t length_;
};

}  // namespace hugepage
