#include "shim/request/find_region.h"

#include "shim/base/config.h"
#include "shim/base/log.h"
#include "shim/base/region_table.h"
#include "shim/base/sys.h"
#include "shim/base/topology.h"
#include "shim/request/zeroing.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <memory>
#include <utility>

namespace hugepage {
namespace {

using log::Level;

constexpr std::size_t kMostPagesChecked = 1024;

using Nanoseconds = std::int64_t;
constexpr Nanoseconds kMillisecond = 1'000'000;

Nanoseconds now() noexcept {
    return sys::now(CLOCK_MONOTONIC);
}

// Who asks. This is found out once for a request: of a thousand files, most may be tried in vain.
struct Caller {
    uid_t user = own_user();  // whose the files may be, beside root's
    int thread = static_cast<int>(sys::call(SYS_gettid));
};

// A file in a folder that has passed inspect().
struct Candidate {
    const NodeFolder& folder;
    const char* name;
    NodeId node;  // the one its folder names
    NodeId wanted;
    const Caller& caller;
};

// Memory with an owner, for the time in which serving a request may still fail: unmapped unless it was
// released.
struct Unmap {
    std::size_t length = 0;
    bool placed = false;

    void operator()(void* begin) const noexcept {
        if (placed) {
            next::kernel::mmap(next::kept_free(begin, length));
        } else {
            next::kernel::munmap(begin, length);
        }
    }
};
using Mapping = std::unique_ptr<void, Unmap>;

Status advise(const Mapping& mapping, int advice, const char* name) noexcept {
    if (next::kernel::madvise(mapping.get(), mapping.get_deleter().length, advice) != 0) {
        return Error{name, errno};
    }
    return Done{};
}

// Milliseconds since it was made, or since the last lap.
class Stopwatch {
  public:
    [[nodiscard]] double lap() noexcept {
        const Nanoseconds before = std::exchange(last_, now());
        return static_cast<double>(last_ - before) / kMillisecond;
    }

  private:
    Nanoseconds last_ = now();
};

Refusal refusal(Reason reason, const Error& error) noexcept {
    return {reason, error.tried, error.code};
}

// A mapping that holds the file's lock: the file's descriptor is closed on return, so that the lock is the
// mapping's alone. (A child that another thread forks off during this has the descriptor or the mapping, and
// so the lease too, until it executes another program or ends. It can't know of the memory.)
Result<Mapping, Refusal> lease_and_map(const MapRequest& request, const Candidate& file,
                                       FileSystem& file_system) noexcept {
    // One file of the pool at a time is open, so what has_its_descriptor() sees is what was locked and
    // mapped. Another thread may close all descriptors, as closefrom does, and the numbers may be
    // reused: for a file that others hold, or for a folder that is no pool's.
    Mutex* const leasing = state::regions.leasing();
    if (leasing == nullptr) {
        return Refusal{Reason::table_full, "there is no memory for the table of regions", 0};
    }
    const Held held(*leasing, file.caller.thread);
    const auto own = open_own(file.folder, file.name, ByteSize{request.length}, file.caller.user);
    if (!own) {
        return own.error();
    }
    const Fd& descriptor = own.value();
    const auto leased = lease(descriptor, ByteSize{request.length});
    if (!leased) {
        return leased.error();
    }
    file_system = leased.value();
    // As the kernel rounds it. It would round it up again to the huge page, away from where it was meant.
    const auto hint = reinterpret_cast<std::uintptr_t>(request.address) / page_bytes() * page_bytes();
    // Huge pages cannot be swapped, so they need no lock; a file on tmpfs can.
    const int locked = file_system.kind == FileSystem::Kind::hugetlbfs ? 0 : request.flags & MAP_LOCKED;
    void* const memory = next::kernel::mmap(
        {.address = hint % file_system.page_size.bytes == 0 ? reinterpret_cast<void*>(hint) : nullptr,
         .length = request.length,
         .protection = request.protection,
         .flags = MAP_SHARED | locked | (request.placed ? MAP_FIXED : 0),
         .fd = descriptor.get()});
    if (memory == MAP_FAILED) {
        return Refusal{Reason::map_failed, "mmap", errno};
    }
    Mapping mapping(memory, Unmap{request.length, request.placed});
    if (!descriptor.has_its_file() || !file.folder.has_its_descriptor()) {
        return Refusal{Reason::map_failed, "another thread has closed its descriptor", 0};
    }
    Status done = Done{};
    if ((request.flags & MAP_PRIVATE) != 0 && state::config.fork == Config::Fork::none) {
        done = advise(mapping, MADV_DONTFORK, "madvise(MADV_DONTFORK)");
    }
    if (done && !state::config.dump) {
        done = advise(mapping, MADV_DONTDUMP, "madvise(MADV_DONTDUMP)");
    }
    if (!done) {
        return refusal(Reason::map_failed, done.error());
    }
    return mapping;
}

// So that no first touch takes time, or fails.
Status populate(const Mapping& mapping, std::size_t length, const FileSystem& file_system) noexcept {
    auto done = advise(mapping, MADV_POPULATE_WRITE, "madvise(MADV_POPULATE_WRITE)");
    const bool is_unknown = !done && done.error().code == EINVAL;  // to a kernel before 5.14
    if (is_unknown && file_system.kind == FileSystem::Kind::hugetlbfs) {
        // Which sets pages aside for each mapping, so a touch cannot fail. On tmpfs it could.
        const auto* const bytes = static_cast<const volatile std::byte*>(mapping.get());
        for (std::size_t at = 0; at < length; at += file_system.page_size.bytes) {
            static_cast<void>(bytes[at]);
        }
        return Done{};
    }
    return done;
}

// Nothing checked if the kernel would not say.
Result<Placement, Refusal> check_placement(const Mapping& mapping, std::size_t length, ByteSize page_size,
                                           NodeId node) noexcept {
    const auto found = placement_of(mapping.get(), length, page_size, node, kMostPagesChecked);
    if (!found) {
        log::write_once(Level::warn, "pool", "cannot ask where pages are: ", found.error().tried,
                        ErrnoText{found.error().code}, "; files are taken to be on their folder's node");
        return Placement{};
    }
    if (found.value().mostly_elsewhere()) {
        return Refusal{
            Reason::misplaced,
            "most of its pages are on another node than its folder says; move it there or create it anew", 0};
    }
    return found.value();
}

// Leases the file and maps it so that nobody can tell the memory from fresh anonymous memory: populated, so
// that no page fault and no SIGBUS is left for later; on its node, or refused; zero, unless the operator has
// waived it; entered in the table. On any failure all is undone and the refusal says which step it was.
//
// Private memory is marked MADV_DONTFORK, unless HUGEPAGE_FORK says otherwise.
Result<void*, Refusal> make_region(const MapRequest& request, const Candidate& file) noexcept {
    FileSystem file_system;
    auto mapped = lease_and_map(request, file, file_system);
    if (!mapped) {
        return mapped.error();
    }
    Mapping& mapping = mapped.value();
    Stopwatch watch;
    if (const auto done = populate(mapping, request.length, file_system); !done) {
        return refusal(Reason::not_populated, done.error());
    }
    const double populate_ms = watch.lap();
    const auto placement = check_placement(mapping, request.length, file_system.page_size, file.node);
    if (!placement) {
        return placement.error();
    }
    const double check_ms = watch.lap();
    // What an allocator gives is read by callers that rely on zeroes (calloc).
    const bool is_zeroed = state::config.zero == Config::Zero::always || request.placed;
    const int helpers = is_zeroed ? zero_memory(mapping.get(), request.length,
                                                {state::config.zero_threads, helper_cpus(file.node)})
                                  : 0;
    const double zero_ms = watch.lap();

    const auto begin = reinterpret_cast<std::uintptr_t>(mapping.get());
    const Traits traits{.page_size = file_system.page_size,
                        .node = file.node,
                        .shared = (request.flags & MAP_SHARED) != 0,
                        .protection = request.protection,
                        .locked = (request.flags & MAP_LOCKED) != 0};
    if (!state::regions.insert({begin, begin + request.length}, traits)) {
        return Refusal{
            Reason::table_full,
            "this process holds as many regions, or parts of regions, as the shim can keep account of", 0};
    }
    const auto& [checked, elsewhere, other, absent] = placement.value();
    if (elsewhere > 0) {
        log::write(Level::warn, "pool", elsewhere, " of ", checked,
                   " pages looked at are not on numa: ", file.node.value, " but on others, as ", other.value,
                   "; used all the same: ", file.folder.path(), "/", file.name);
    }
    log::write(Level::info, "lease", "leased memory file: ", file.folder.path(), "/", file.name,
               "; memory_size: ", to_text(ByteSize{request.length}).view(),
               "; page_size: ", to_text(file_system.page_size).view(), "; numa wanted: ", file.wanted.value,
               ", found: ", file.node.value, " (", checked - elsewhere, " of ", checked,
               " pages looked at); took ", Tenths{populate_ms + check_ms + zero_ms}, " ms (populate ",
               Tenths{populate_ms}, ", check ", Tenths{check_ms}, ", zero ", Tenths{zero_ms}, " with ",
               helpers, " helpers)");
    return mapping.release();
}

// Between two looks at files that are held; the most that a caller waits longer than need be.
constexpr Nanoseconds kShortestPause = kMillisecond;
constexpr Nanoseconds kLongestPause = 20 * kMillisecond;

// Not the C library's function, at which a thread may be cancelled. A signal ends it early.
void pause_for(Nanoseconds length) noexcept {
    const timespec time{length / (1000 * kMillisecond), length % (1000 * kMillisecond)};
    sys::call(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, nullptr);
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
    const Caller caller_;
    Reason reason_ = Reason::no_file_for_size;
    bool is_held_ = false;  // one of the files last looked at, by somebody else
};

void Search::note(const NodeFolder& folder, const char* name, const Refusal& refusal) noexcept {
    if (refusal.reason == Reason::all_leased) {
        log::write_once(Level::debug, "pool", "leased by somebody else: ", folder.path(), "/", name);
    } else if (refusal.reason != Reason::no_file_for_size) {
        log::write_once(Level::warn, "pool", "not using memory file: ", folder.path(), "/", name,
                        "; reason: ", name_of(refusal.reason), "; ", refusal.why, ErrnoText{refusal.code});
    }
    is_held_ = is_held_ || refusal.reason == Reason::all_leased;
    // Of several files, one that the operator can mend says more than that others were faster, and that more
    // than that a file is gone.
    reason_ = reason_ > Reason::all_leased ? reason_ : std::max(reason_, refusal.reason);
}

void* Search::on_node(NodeId node) noexcept {
    constexpr const char* kAll = "*";
    reason_ = Reason::no_file_for_size;
    is_held_ = false;
    const NodeFolder folder(*state::config.files, node);
    if (const auto fit = inspect(folder, caller_.user); !fit) {
        note(folder, kAll, fit.error());
        return nullptr;
    }
    std::size_t names = 0;
    Status listed = folder.for_each_name_until([&](const char*) { return ++names == 0; });
    void* region = nullptr;
    const auto try_names = [&](std::size_t from, std::size_t to) {
        std::size_t at = 0;
        listed = folder.for_each_name_until([&](const char* name) {
            if (at++ >= from) {
                const Candidate candidate{folder, name, node, choice_.node, caller_};
                if (const auto served = make_region(request_, candidate)) {
                    region = served.value();
                } else {
                    note(folder, name, served.error());
                }
            }
            return region != nullptr || at == to;
        });
    };
    // From a place of chance on: if all began with the first, the first ones would be leased, and tried in
    // vain by everybody.
    const std::size_t begin = names == 0 ? 0 : static_cast<std::size_t>(now()) % names;
    try_names(begin, SIZE_MAX);
    if (listed && region == nullptr && begin > 0) {
        try_names(0, begin);
    }
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
