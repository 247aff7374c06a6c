// An array of fixed size whose memory comes from the kernel when it is first wanted. In static storage there
// is only a pointer: a process that never needs the array doesn't pay for it, not even with a mapping.
#pragma once

#include "shim/core/result.h"
#include "shim/core/sys.h"

#include <cstddef>
#include <span>
#include <type_traits>

namespace hugepage {

template <class T, std::size_t Capacity>
class LateArray {
    // So that memory the kernel has zeroed is Capacity elements, all zero.
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  public:
    // Makes it exist; again does nothing. Address space, that is: a page is memory once it is written to. It
    // is never given back. By one thread at a time.
    [[nodiscard]] Status prepare() noexcept {
        if (elements_ == nullptr) {
            // Far below all that the kernel chooses addresses for. Elsewhere this might be at some that the
            // program has just left, and means to use again.
            constexpr std::uintptr_t kFar = 1UL << 40;
            void* const memory =
                sys::anonymous_memory(reinterpret_cast<std::uintptr_t>(this) / kPage * kPage - kFar, kBytes);
            if (memory == nullptr) {
                return Error{"mmap", errno};
            }
            elements_ = static_cast<T*>(memory);
        }
        return Done{};
    }

    // The first of them; none of an array that doesn't exist.
    [[nodiscard]] std::span<T> first(std::size_t count) noexcept { return {elements_, count}; }
    [[nodiscard]] std::span<const T> first(std::size_t count) const noexcept { return {elements_, count}; }

    [[nodiscard]] T& operator[](std::size_t index) noexcept { return elements_[index]; }
    [[nodiscard]] const T& operator[](std::size_t index) const noexcept { return elements_[index]; }

  private:
    static constexpr std::uintptr_t kPage = 4096;
    static constexpr std::size_t kBytes = (Capacity * sizeof(T) + kPage - 1) / kPage * kPage;

    T* elements_ = nullptr;
};

}  // namespace hugepage
