// Address space with an owner, for the time in which serving a request may still fail.
#pragma once

#include "shim/core/result.h"
#include "shim/next.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace hugepage {

// Addresses where nobody else is to map anything; whatever is there is unmapped at the same moment.
inline MapRequest kept_free(void* begin, std::size_t length) noexcept {
    return {begin, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0};
}

// Move-only; unmaps unless it was handed over.
class Mapping {
  public:
    [[nodiscard]] static Result<Mapping> create(const MapRequest& request) noexcept {
        void* begin = next::kernel::mmap(request);
        if (begin == MAP_FAILED) {
            return Error{"mmap", errno};
        }
        return Mapping(begin, request.length, request.placed);
    }
    Mapping(Mapping&& other) noexcept
        : begin_(std::exchange(other.begin_, nullptr)), length_(other.length_), placed_(other.placed_) {}
    Mapping& operator=(Mapping&&) = delete;
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (begin_ != nullptr && placed_) {
            next::kernel::mmap(kept_free(begin_, length_));
        } else if (begin_ != nullptr) {
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
    Mapping(void* begin, std::size_t length, bool placed) noexcept
        : begin_(begin), length_(length), placed_(placed) {}

    void* begin_;
    std::size_t length_;
    bool placed_;
};

}  // namespace hugepage
