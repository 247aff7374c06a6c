#include "shim/request/search.h"

#include "shim/base/state.h"
#include "shim/base/sys.h"
#include "shim/request/events.h"
#include "shim/request/make_region.h"

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
    return sys::now(CLOCK_MONOTONIC);
}

// Not the C library's function, at which a thread may be cancelled. A signal ends it early.
void pause_for(Nanoseconds length) noexcept {
    const timespec time{length / (1000 * kMillisecond), length % (1000 * kMillisecond)};
    sys::call(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, nullptr);
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

class Search {
  public:
    Search(const MapRequest& request, const NodeChoice& choice, const SignalBlock& signals) noexcept
        : request_(request), choice_(choice), signals_(signals) {}

    [[nodiscard]] Found run() noexcept;

  private:
    [[nodiscard]] void* on_node(NodeId node) noexcept;
    [[nodiscard]] void* after_a_wait() noexcept;
    [[nodiscard]] void* on_other_nodes() noexcept;
    void note(const NodeFolder& folder, const char* name, const Refusal& refusal) noexcept;

    const MapRequest& request_;
    const NodeChoice& choice_;
    const SignalBlock& signals_;
    const uid_t user_ = own_user();
    Reason reason_ = Reason::no_file_for_size;
    bool is_held_ = false;  // one of the files last looked at, by somebody else
};

void Search::note(const NodeFolder& folder, const char* name, const Refusal& refusal) noexcept {
    if (refusal.reason != Reason::no_file_for_size) {
        events::refused(folder.path(), name, refusal);
    }
    is_held_ = is_held_ || refusal.reason == Reason::all_leased;
    reason_ = more_telling(reason_, refusal.reason);
}

void* Search::on_node(NodeId node) noexcept {
    constexpr const char* kAll = "*";
    reason_ = Reason::no_file_for_size;
    is_held_ = false;
    const NodeFolder folder(*state::config.files, node);
    if (const auto fit = inspect(folder, user_); !fit) {
        note(folder, kAll, fit.error());
        return nullptr;
    }
    void* region = nullptr;
    const auto listed = folder.for_each_name([&](const char* name) {
        if (region != nullptr) {
            return;
        }
        const Candidate candidate{folder, name, node, choice_.node, user_};
        if (const auto served = make_region(request_, candidate)) {
            region = served.value();
        } else {
            note(folder, name, served.error());
        }
    });
    if (!listed) {
        note(folder, kAll, {Reason::map_failed, listed.error().tried, listed.error().code});
    }
    return region;
}

// By looking again and again: flock has no deadline.
void* Search::after_a_wait() noexcept {
    const Nanoseconds deadline = now() + state::config.wait_ms * kMillisecond;
    Nanoseconds pause = kShortestPause;
    for (Nanoseconds left = deadline - now(); is_held_ && left > 0; left = deadline - now()) {
        signals_.open_for([&] { pause_for(std::min(pause, left)); });
        pause = std::min(pause * 2, kLongestPause);
        if (void* region = on_node(choice_.node)) {
            return region;
        }
    }
    return nullptr;
}

void* Search::on_other_nodes() noexcept {
    const Reason reason_of_node = reason_;
    NodeSet candidates;
    static_cast<void>(state::config.files->for_each_node([&](NodeId node) { candidates.insert(node); }));
    candidates.intersect(choice_.allowed);
    candidates.remove(choice_.node);
    while (const auto node = Topology().nearest(choice_.node, candidates)) {
        candidates.remove(*node);
        if (void* region = on_node(*node)) {
            return region;
        }
    }
    reason_ = reason_of_node;
    return nullptr;
}

Found Search::run() noexcept {
    void* region = on_node(choice_.node);
    if (region == nullptr) {
        region = after_a_wait();
    }
    if (region == nullptr && state::config.node_policy == Config::NodePolicy::nearest) {
        region = on_other_nodes();
    }
    return {region, reason_};
}

}  // namespace

Found find_region(const MapRequest& request, const NodeChoice& choice, const SignalBlock& signals) noexcept {
    return Search(request, choice, signals).run();
}

}  // namespace hugepage
