#include "shim/substitution.h"

#include "shim/core/config.h"
#include "shim/core/errno_guard.h"
#include "shim/core/lease.h"
#include "shim/core/placement.h"
#include "shim/core/pool.h"
#include "shim/events.h"
#include "shim/mapping.h"
#include "shim/node_choice.h"
#include "shim/zeroing.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

namespace hugepage::substitution {
namespace internal {

constinit std::atomic<std::size_t> threshold{1};  // until the environment is read, any request is looked at
constinit RegionTable regions;

}  // namespace internal

namespace {

using internal::regions;
using internal::threshold;

enum class Phase { unarmed, arming, armed, inert };
constinit std::atomic<Phase> phase{Phase::unarmed};
constinit Config config;  // written while arming, then only read; so is the pool
constinit Pool pool;

constexpr std::size_t kMostPagesChecked = 1024;
constexpr std::size_t kLooksLikeASector = 512UL << 20;

void become(Phase outcome, std::size_t smallest_length) noexcept {
    phase.store(outcome, std::memory_order_release);
    threshold.store(smallest_length, std::memory_order_relaxed);
}

double now_ms() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// Anonymous memory to read and write, anywhere, with no wish that a file could not fulfil.
bool is_eligible(const MapRequest& request) noexcept {
    constexpr int kHarmless = MAP_NORESERVE | MAP_POPULATE | MAP_LOCKED;
    const int kind = request.flags & ~kHarmless;
    return request.protection == (PROT_READ | PROT_WRITE) &&
           (kind == (MAP_ANONYMOUS | MAP_PRIVATE) || kind == (MAP_ANONYMOUS | MAP_SHARED));
}

// Turns one file into memory that nobody can tell from fresh anonymous memory, or says what stood in the way.
Result<void*, Refusal> serve(const PoolFile& file, std::string_view path, const MapRequest& request,
                             const Topology& topology) noexcept {
    const auto failed = [](Reason reason, const Error& error) {
        return Refusal{reason, error.tried, error.code};
    };
    events::Took took;
    const double start = now_ms();

    auto lease = Lease::take(path.data(), file.size());
    if (!lease) {
        return lease.error();
    }
    const FileSystem& file_system = lease.value().file_system();
    const bool may_swap = file_system.kind != FileSystem::Kind::hugetlbfs;
    const auto hint = reinterpret_cast<std::uintptr_t>(request.address);
    auto mapping =
        Mapping::create({.address = hint % file_system.page_size.bytes == 0 ? request.address : nullptr,
                         .length = request.length,
                         .protection = request.protection,
                         .flags = MAP_SHARED | (may_swap ? request.flags & MAP_LOCKED : 0),
                         .fd = lease.value().fd(),
                         .offset = 0});
    if (!mapping) {
        return failed(Reason::map_failed, mapping.error());
    }
    if ((request.flags & MAP_PRIVATE) != 0) {
        if (const auto kept = mapping.value().advise(MADV_DONTFORK, "madvise(MADV_DONTFORK)"); !kept) {
            return failed(Reason::map_failed, kept.error());
        }
    }
    if (const auto kept = mapping.value().advise(MADV_DONTDUMP, "madvise(MADV_DONTDUMP)"); !kept) {
        return failed(Reason::map_failed, kept.error());
    }
    if (const auto filled = mapping.value().advise(MADV_POPULATE_WRITE, "madvise(MADV_POPULATE_WRITE)");
        !filled) {
        return failed(Reason::not_populated, filled.error());
    }
    took.populate = now_ms() - start;

    const auto asked = placement_of(mapping.value().begin(), request.length, file_system.page_size,
                                    file.node(), kMostPagesChecked);
    if (!asked) {
        events::placement_unknown_once(asked.error());
    }
    const Placement placement = asked ? asked.value() : Placement{};
    if (placement.mostly_elsewhere()) {
        return Refusal{Reason::misplaced,
                       "most of its pages are on another node than its folder names; move it to that "
                       "node's folder or create it anew",
                       0};
    }
    if (placement.elsewhere > 0) {
        events::partly_misplaced(path, file.node(), placement);
    }
    took.check = now_ms() - start - took.populate;

    int helpers = 0;
    if (config.zero == Config::Zero::always) {
        const auto cpus = topology.cpus_of(file.node());
        helpers = zero_memory(mapping.value().begin(), request.length,
                              {config.zero_threads, cpus ? cpus.value() : CpuSet{}});
    }
    took.all = now_ms() - start;
    took.zero = took.all - took.populate - took.check;

    const auto begin = reinterpret_cast<std::uintptr_t>(mapping.value().begin());
    if (!regions.insert({begin, request.length, file_system.page_size})) {
        return Refusal{Reason::table_full,
                       "this process holds as many regions as the shim can keep account of", 0};
    }
    events::leased(path, file_system, file.size(), file.node(), placement, helpers, took);
    return mapping.value().hand_over();
}

}  // namespace

void* try_map(const MapRequest& request) noexcept {
    ErrnoGuard errno_guard;
    arm();
    if (!is_armed() || !may_serve(request.length) || !is_eligible(request)) {
        return nullptr;
    }
    const ByteSize size{request.length};
    if (!pool.has_size(size)) {
        events::no_such_size(size);
        return nullptr;
    }
    const Topology topology;
    const NodeChoice choice = choose_node(config.node, topology);
    if (choice.source == NodeChoice::Source::current) {
        events::unpinned_once(choice.node);
    }

    // Of several reasons, one that the operator can mend is worth more than that others were faster.
    Reason reason = Reason::no_file_for_size;
    for (PoolFile& file : pool.files_of(size, choice.node)) {
        const Path path = pool.path_of(file);
        const auto region = serve(file, path.view(), request, topology);
        if (region) {
            return region.value();
        }
        const Refusal& refusal = region.error();
        if (file.first_time(refusal.reason)) {
            events::refused(path.view(), refusal);
        }
        if (reason == Reason::no_file_for_size || reason == Reason::all_leased) {
            reason = refusal.reason == Reason::no_file_for_size ? reason : refusal.reason;
        }
    }
    events::fallback(size, choice.node, reason, config.mode);
    if (config.mode == Config::Mode::require) {
        errno_guard.leave(ENOMEM);
        return MAP_FAILED;
    }
    return nullptr;
}

void forget(const void* address, std::size_t length) noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(address);
    // The kernel will refuse it, and then all of it is still there.
    if (regions.splits_a_page(begin, length)) {
        return;
    }
    regions.erase(begin, length);
    const ErrnoGuard errno_guard;
    events::released(address, length);
}

void arm() noexcept {
    Phase expected = Phase::unarmed;
    if (!phase.compare_exchange_strong(expected, Phase::arming, std::memory_order_acquire)) {
        return;
    }
    const ErrnoGuard errno_guard;
    config = Config::parse([](const char* name) -> const char* { return ::secure_getenv(name); }, environ);
    if (!config.wanted() || config.mode == Config::Mode::off) {
        return become(Phase::inert, SIZE_MAX);
    }
    log::start(config.log_level, config.log_file.view());
    for (const auto& complaint : config.complaints()) {
        events::complaint(complaint);
    }
    if (!config.files) {
        return become(Phase::inert, SIZE_MAX);
    }
    const auto scanned = pool.scan(*config.files);
    if (!scanned || pool.files().empty()) {
        events::unusable(config.files->text(), "no memory files found", scanned ? Error{} : scanned.error());
        return become(Phase::inert, SIZE_MAX);
    }
    events::loaded(pool);
    become(Phase::armed, std::min<std::size_t>(pool.files().front().size().bytes, kLooksLikeASector));
}

bool is_armed() noexcept {
    return phase.load(std::memory_order_acquire) == Phase::armed;
}

}  // namespace hugepage::substitution
