#include "shim/hooks/heap.h"

#include "shim/base/config.h"
#include "shim/base/next.h"
#include "shim/base/region_table.h"
#include "shim/base/sys.h"
#include "shim/hooks/next_allocator.h"
#include "shim/regions/calls.h"
#include "shim/request/request.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace hugepage::heap {
namespace {

constinit std::atomic<std::uintptr_t> window{0};  // where it begins; 0: nobody has looked for one yet

constexpr std::size_t kSlots = 128;
constexpr std::size_t kSlotBytes = 64UL << 30;  // as large as any sector
constexpr std::size_t kWindowBytes = kSlotBytes * kSlots;
// The C library maps what is larger, whatever else its threshold has become; smaller memory it may have at
// hand.
constexpr std::size_t kMappedByAll = 32UL << 20;

// How many bytes its owner has asked for, and kServed if they are a file's; 0: nobody has it.
constinit std::array<std::atomic<std::size_t>, kSlots> taken{};
constexpr std::size_t kServed = 1UL << 63;

// Whether nobody had the addresses; then nobody gets them until something is mapped there by MAP_FIXED.
bool take_addresses(void* begin, std::size_t bytes) noexcept {
    void* const memory = next::kernel::mmap(next::kept_free(begin, bytes, MAP_FIXED_NOREPLACE));
    if (memory != begin && memory != MAP_FAILED) {  // a kernel before 4.17, which takes it for a hint
        next::kernel::munmap(memory, bytes);
    }
    return memory == begin;
}

// Far from where the kernel maps what may be anywhere: it goes to the highest gap that is large enough. 0 if
// there is no such place, as under a limit of address space.
std::uintptr_t window_begin() noexcept {
#ifdef __SANITIZE_THREAD__
    constexpr int kHighest = 37;  // it knows of no memory in the middle
#else
    constexpr int kHighest = 45;
#endif
    constexpr int kLowest = 37;
    for (int bit = kHighest; bit >= kLowest && window.load(std::memory_order_acquire) == 0; --bit) {
        auto* const begin = reinterpret_cast<void*>(1UL << bit);
        if (take_addresses(begin, page_bytes())) {
            next::kernel::munmap(begin, page_bytes());
            std::uintptr_t nobodys = 0;
            window.compare_exchange_strong(nobodys, 1UL << bit, std::memory_order_acq_rel);
        }
    }
    return window.load(std::memory_order_acquire);
}

// A range of addresses for one allocation; false if there is none.
class Slot {
  public:
    // Which the memory begins.
    [[nodiscard]] static Slot of(const void* memory) noexcept {
        const std::uintptr_t begin = window.load(std::memory_order_acquire);
        const std::uintptr_t offset = reinterpret_cast<std::uintptr_t>(memory) - begin;
        const bool is_one = begin != 0 && offset % kSlotBytes == 0 && offset < std::min(begin, kWindowBytes);
        return Slot(is_one ? &taken[offset / kSlotBytes] : nullptr);
    }
    [[nodiscard]] static Slot take(std::size_t bytes) noexcept {
        const ErrnoGuard guard;
        const std::uintptr_t begin = bytes > kSlotBytes ? 0 : window_begin();
        for (std::size_t i = 0; i < std::min(kWindowBytes, begin) / kSlotBytes; ++i) {
            const Slot slot(&taken[i]);
            std::size_t nobodys = 0;
            if (taken[i].compare_exchange_strong(nobodys, bytes)) {
                if (take_addresses(slot.begin(), bytes)) {
                    return slot;
                }
                taken[i].store(0);
            }
        }
        return Slot(nullptr);
    }

    explicit operator bool() const noexcept { return taken_ != nullptr && taken_->load() != 0; }
    [[nodiscard]] std::size_t bytes() const noexcept { return taken_->load() & ~kServed; }
    [[nodiscard]] bool is_served() const noexcept { return (taken_->load() & kServed) != 0; }
    [[nodiscard]] void* begin() const noexcept {
        const auto index = static_cast<std::size_t>(taken_ - taken.data());
        return reinterpret_cast<void*>(window.load() + index * kSlotBytes);
    }
    void set_served() noexcept { taken_->fetch_or(kServed); }
    // Unmaps what it has, and then anybody can take it. (In a child that has none of its parent's regions
    // there is nothing to unmap: what lies at such an address would be somebody else's.)
    void clear() noexcept;

  private:
    explicit Slot(std::atomic<std::size_t>* bytes) noexcept : taken_(bytes) {}

    std::atomic<std::size_t>* taken_;
};

void Slot::clear() noexcept {
    const ErrnoGuard guard;
    const SignalBlock signals;
    const bool is_parents = is_served() && !state::regions.overlaps(*Range::of_pages(begin(), bytes()));
    const bool is_gone = is_parents && state::config.fork == Config::Fork::none;
    if (is_gone || regions::munmap(begin(), bytes()) == 0) {
        taken_->store(0);
    }
}

// With the content that it has in this process: none, where a child has not got what its parent was given.
void* move(const Slot& slot, std::size_t bytes) noexcept {
    const auto ours = allocate(bytes, 1);
    void* const fresh = ours ? *ours : next_allocator::malloc(bytes);
    unsigned char resident = 0;
    const ErrnoGuard guard;
    if (fresh != nullptr && next::mincore(slot.begin(), 1, &resident) == 0) {
        std::memcpy(fresh, slot.begin(), std::min(slot.bytes(), bytes));
    }
    return fresh;
}

}  // namespace

std::optional<void*> allocate(std::size_t bytes, std::size_t alignment) noexcept {
    MapRequest request{
        .length = bytes, .protection = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE | MAP_ANONYMOUS};
    if (!std::has_single_bit(alignment) || alignment > kSlotBytes || !request::is_eligible(request)) {
        return std::nullopt;
    }
    Slot slot = Slot::take(bytes);
    request.address = slot ? slot.begin() : nullptr;
    request.placed = true;
    const auto answer = request::serve(request);
    if (slot && answer.memory != nullptr) {  // what has no place is given none
        slot.set_served();
        return answer.memory;
    }
    if (slot && !answer.is_refused && bytes > kMappedByAll && request::advises_fallback()) {
        request.flags |= MAP_FIXED;
        const ErrnoGuard guard;
        if (void* const memory = next::kernel::mmap(request); memory != MAP_FAILED) {
            request::advise_fallback(memory, bytes, answer.choice);
            return memory;
        }
    }
    if (slot) {
        slot.clear();
    }
    if (!answer.is_refused) {
        return std::nullopt;
    }
    errno = ENOMEM;
    return nullptr;
}

void free(void* memory) noexcept {
    if (Slot slot = Slot::of(memory)) {
        slot.clear();
    } else {
        next_allocator::free(memory);
    }
}

std::size_t usable_size(void* memory) noexcept {
    if (const Slot slot = Slot::of(memory)) {
        return slot.bytes();
    }
    return next_allocator::malloc_usable_size(memory);
}

void* realloc(void* memory, std::size_t bytes) noexcept {
    if (Slot slot = Slot::of(memory)) {
        if (bytes > slot.bytes() / 2 && bytes <= slot.bytes()) {
            return memory;
        }
        void* const fresh = bytes == 0 ? nullptr : move(slot, bytes);
        if (fresh != nullptr || bytes == 0) {
            slot.clear();
        }
        return fresh;
    }
    // Other memory, or none, may grow to a file's size.
    const auto fresh = allocate(bytes, 1);
    if (!fresh) {
        return next_allocator::realloc(memory, bytes);
    }
    if (*fresh != nullptr && memory != nullptr) {
        std::memcpy(*fresh, memory, std::min(next_allocator::malloc_usable_size(memory), bytes));
        next_allocator::free(memory);
    }
    return *fresh;
}

}  // namespace hugepage::heap
