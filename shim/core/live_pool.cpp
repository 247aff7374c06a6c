#include "shim/core/live_pool.h"

#include "shim/core/sys.h"

#include <sys/stat.h>

#include <ctime>

namespace hugepage {
namespace {

std::uint64_t nanoseconds(const timespec& time) noexcept {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

// A folder's time moves with the kernel's clock tick: one that changed so recently may change again
// unnoticed.
constexpr std::uint64_t kTooRecent = 100'000'000;  // ns

std::uint64_t mix(std::uint64_t value) noexcept {
    value ^= value >> 32;
    value *= 0x9e3779b97f4a7c15;
    return value ^ value >> 29;
}

}  // namespace

LivePool::Generation& LivePool::enter() noexcept {
    for (;;) {
        Generation& generation = generations_[current_.load()];
        generation.users.fetch_add(1);
        // Current still, now that whoever wants to read into it would see a user?
        if (&generation == &generations_[current_.load()]) {
            return generation;
        }
        generation.users.fetch_sub(1);
    }
}

// Changes with every name that comes or goes in a node's folder, and with every such folder. Never 0 unless
// it isn't to be trusted.
std::uint64_t LivePool::fingerprint() const noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    std::uint64_t sum = 1;
    bool is_settled = true;
    const auto look_at = [&](const Path& path) {
        struct stat facts {};
        if (sys::stat(path.c_str(), facts) == 0) {
            const std::uint64_t changed = nanoseconds(facts.st_mtim);
            is_settled = is_settled && changed + kTooRecent < nanoseconds(now);
            sum += mix(mix(facts.st_ino + (static_cast<std::uint64_t>(facts.st_dev) << 40)) + changed);
        }
    };
    look_at(pattern_->searched_folder());
    static_cast<void>(pattern_->for_each_node([&](NodeId node) { look_at(pattern_->path_of(node)); }));
    return is_settled ? sum : 0;
}

Status LivePool::scan(const FilePattern& pattern) noexcept {
    pattern_ = &pattern;
    seen_ = fingerprint();
    return generations_[current_.load()].pool.scan(pattern);
}

bool LivePool::refresh() noexcept {
    if (is_reading_.exchange(true)) {
        return false;
    }
    const std::uint64_t found = fingerprint();
    const std::size_t before = current_.load();
    Generation& next = generations_[1 - before];
    const bool is_due = (found == 0 || found != seen_) && next.users.load() == 0;
    const bool is_read = is_due && next.pool.scan(*pattern_);
    bool is_new = false;
    if (is_read) {
        is_new = next.pool.take_over_from(generations_[before].pool);
        seen_ = found;
        current_.store(1 - before);
    }
    is_reading_.store(false);
    return is_new;
}

bool LivePool::refresh_now_and_then() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return looked_.exchange(now.tv_sec, std::memory_order_relaxed) != now.tv_sec && refresh();
}

void LivePool::forget_users() noexcept {
    for (auto& generation : generations_) {
        generation.users.store(0);
    }
    is_reading_.store(false);
}

}  // namespace hugepage
