// A range of addresses, [begin, end).
#pragma once

#include "shim/base/byte_size.h"

#include <sys/auxv.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace hugepage {

// The least page there is. Some aarch64 kernels have larger ones.
inline constexpr std::size_t kLeastPageBytes = 4096;

// The granularity of every call on memory, as the kernel has told the process.
inline std::size_t page_bytes() noexcept {
    return ::getauxval(AT_PAGESZ);
}

struct Range {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;

    // The pages that munmap, madvise, mprotect and their like mean: the beginning as it is, the length
    // rounded up. Nothing if the kernel would refuse it (not at a page, beyond all addresses) or there is no
    // byte in it.
    [[nodiscard]] static std::optional<Range> of_pages(const void* address, std::size_t length) noexcept {
        const auto begin = reinterpret_cast<std::uintptr_t>(address);
        const std::size_t rounded = (length + page_bytes() - 1) & ~(page_bytes() - 1);
        if (begin % page_bytes() != 0 || rounded == 0 || begin + rounded < begin) {
            return std::nullopt;
        }
        return Range{begin, begin + rounded};
    }
    // The pages that mlock means: every one that has a byte of the range.
    [[nodiscard]] static std::optional<Range> touched(const void* address, std::size_t length) noexcept {
        const std::size_t before = reinterpret_cast<std::uintptr_t>(address) % page_bytes();
        if (length + before < length) {
            return std::nullopt;
        }
        return of_pages(static_cast<const std::byte*>(address) - before, length + before);
    }

    [[nodiscard]] void* address() const noexcept { return reinterpret_cast<void*>(begin); }
    [[nodiscard]] std::size_t length() const noexcept { return end - begin; }
    [[nodiscard]] bool empty() const noexcept { return begin >= end; }
    [[nodiscard]] bool overlaps(const Range& other) const noexcept {
        return begin < other.end && other.begin < end;
    }
    [[nodiscard]] Range clipped_to(const Range& other) const noexcept {
        return {std::max(begin, other.begin), std::min(end, other.end)};
    }
    // All pages of this size that have a byte of it.
    [[nodiscard]] Range widened_to(ByteSize page) const noexcept {
        return {begin / page.bytes * page.bytes, (end + page.bytes - 1) / page.bytes * page.bytes};
    }
    // All pages of this size that lie in it; may be empty.
    [[nodiscard]] Range narrowed_to(ByteSize page) const noexcept {
        return {(begin + page.bytes - 1) / page.bytes * page.bytes, end / page.bytes * page.bytes};
    }

    friend bool operator==(const Range&, const Range&) = default;
};

}  // namespace hugepage
