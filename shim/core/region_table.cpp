#include "shim/core/region_table.h"

#include <algorithm>

namespace hugepage {

bool RegionTable::insert(const Region& region) noexcept {
    const Lock lock(mutex_);
    return insert_locked(region);
}

bool RegionTable::insert_locked(const Region& region) noexcept {
    for (std::size_t i = 0; i < kCapacity; ++i) {
        Slot& slot = slots_[i];
        if (slot.end.load(std::memory_order_relaxed) != 0) {
            continue;
        }
        slot.begin.store(region.begin, std::memory_order_relaxed);
        slot.page_bytes.store(region.page_size.bytes, std::memory_order_relaxed);
        slot.end.store(region.begin + region.length, std::memory_order_release);
        used_.store(std::max(used_.load(std::memory_order_relaxed), i + 1), std::memory_order_release);
        count_.fetch_add(1, std::memory_order_release);
        return true;
    }
    return false;
}

bool RegionTable::overlaps(std::uintptr_t begin, std::size_t length) const noexcept {
    const std::size_t used = used_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < used; ++i) {
        const std::uintptr_t end = slots_[i].end.load(std::memory_order_acquire);
        if (begin < end && slots_[i].begin.load(std::memory_order_relaxed) < begin + length) {
            return true;
        }
    }
    return false;
}

bool RegionTable::splits_a_page(std::uintptr_t begin, std::size_t length) const noexcept {
    const std::size_t used = used_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < used; ++i) {
        const Slot& slot = slots_[i];
        const std::uintptr_t end = slot.end.load(std::memory_order_acquire);
        const std::uintptr_t start = slot.begin.load(std::memory_order_relaxed);
        const std::uint64_t page = slot.page_bytes.load(std::memory_order_relaxed);
        const auto inside = [&](std::uintptr_t at) {
            return at > start && at < end && (at - start) % page != 0;
        };
        if (end != 0 && (inside(begin) || inside(begin + length))) {
            return true;
        }
    }
    return false;
}

std::size_t RegionTable::erase(std::uintptr_t begin, std::size_t length) noexcept {
    const Lock lock(mutex_);
    const std::uintptr_t cut_end = begin + length;
    std::size_t ended = 0;
    const std::size_t used = used_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < used; ++i) {
        Slot& slot = slots_[i];
        const std::uintptr_t start = slot.begin.load(std::memory_order_relaxed);
        const std::uintptr_t end = slot.end.load(std::memory_order_relaxed);
        if (end == 0 || cut_end <= start || end <= begin) {
            continue;
        }
        const bool lower_stays = start < begin;
        const bool upper_stays = cut_end < end;
        if (lower_stays) {
            slot.end.store(begin, std::memory_order_release);
        } else if (upper_stays) {
            slot.begin.store(cut_end, std::memory_order_release);
        } else {
            slot.end.store(0, std::memory_order_release);
            count_.fetch_sub(1, std::memory_order_release);
            ++ended;
        }
        if (lower_stays && upper_stays) {
            const ByteSize page_size{slot.page_bytes.load(std::memory_order_relaxed)};
            static_cast<void>(insert_locked({cut_end, end - cut_end, page_size}));
        }
    }
    return ended;
}

void RegionTable::before_fork() noexcept {
    const SignalMask before = block_signals();
    mutex_.lock();
    signals_before_fork_ = before;
}

void RegionTable::after_fork() noexcept {
    const SignalMask before = signals_before_fork_;
    mutex_.unlock();
    restore_signals(before);
}

}  // namespace hugepage
