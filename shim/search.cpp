#include "shim/search.h"

#include "shim/core/sys.h"
#include "shim/events.h"
#include "shim/serving.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

namespace hugepage {
namespace {

using Nanoseconds = std::int64_t;
constexpr Nanoseconds kMillisecond = 1'000'000;
// Between two looks at files that are held; the most that a caller waits longer than need be.
constexpr Nanoseconds kShortestPause = kMillisecond;
constexpr Nanoseconds kLongestPause = 20 * kMillisecond;

Nanoseconds now() noexcept {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 * kMillisecond + time.tv_nsec;
}

// Not the C library's function, at which a thread may be cancelled. A signal ends it early.
void pause_for(Nanoseconds length) noexcept {
    const timespec time{length / (1000 * kMillisecond), length % (1000 * kMillisecond)};
    ::syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, nullptr);
}

// Of the reasons of several files, one that the operator can mend says more than that others were faster, and
// that more than that a file is gone.
Reason more_telling(Reason known, Reason found) noexcept {
    if (known == Reason::no_file_for_size ||
        (known == Reason::all_leased && found != Reason::no_file_for_size)) {
        return found;
    }
    return known;
}

}  // namespace

void* Search::on_node(NodeId node) noexcept {
    const LivePool::View pool(pool_);
    reason_ = Reason::no_file_for_size;
    is_held_ = false;
    const auto files = pool->files_of(ByteSize{request_.length}, node);
    if (files.empty()) {
        return nullptr;
    }
    // Once for all of them: where most are held, what is asked of each is the time that it takes to find one.
    const uid_t user = sys::geteuid();
    const auto folder = inspect_folder_of(pool->path_of(files.front()).view(), user);
    for (PoolFile& file : files) {
        const Path path = pool->path_of(file);
        const Candidate candidate{path.c_str(), file.size(), file.node(), choice_.node, user};
        const auto region = folder ? serve(request_, candidate, config_, topology_, regions_)
                                   : Result<void*, Refusal>(folder.error());
        if (region) {
            return region.value();
        }
        const Refusal& refusal = region.error();
        if (file.first_time(refusal.reason)) {
            events::refused(path.view(), refusal);
        }
        is_held_ = is_held_ || refusal.reason == Reason::all_leased;
        reason_ = more_telling(reason_, refusal.reason);
    }
    return nullptr;
}

// By looking again and again: flock has no deadline.
void* Search::after_a_wait() noexcept {
    const Nanoseconds deadline = now() + config_.wait_ms * kMillisecond;
    Nanoseconds pause = kShortestPause;
    for (Nanoseconds left = deadline - now(); is_held_ && left > 0; left = deadline - now()) {
        pause_for(std::min(pause, left));
        pause = std::min(pause * 2, kLongestPause);
        static_cast<void>(pool_.refresh());
        if (void* region = on_node(choice_.node)) {
            return region;
        }
    }
    return nullptr;
}

void* Search::elsewhere() noexcept {
    const Reason reason_at_home = reason_;
    NodeSet candidates = LivePool::View(pool_)->nodes_of(ByteSize{request_.length});
    candidates.keep(choice_.allowed);
    candidates.remove(choice_.node);
    while (const auto node = topology_.nearest(choice_.node, candidates)) {
        candidates.remove(*node);
        if (void* region = on_node(*node)) {
            return region;
        }
    }
    reason_ = reason_at_home;
    return nullptr;
}

void* Search::run() noexcept {
    void* region = on_node(choice_.node);
    if (region == nullptr && pool_.refresh()) {
        events::read_again(*LivePool::View(pool_));
        region = on_node(choice_.node);
    }
    if (region == nullptr) {
        region = after_a_wait();
    }
    if (region == nullptr && config_.node_policy == Config::NodePolicy::nearest) {
        region = elsewhere();
    }
    return region;
}

}  // namespace hugepage
