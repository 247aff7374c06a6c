#include "shim/substitution.h"

#include "shim/core/config.h"
#include "shim/core/errno_guard.h"
#include "shim/core/executable.h"
#include "shim/core/pool.h"
#include "shim/core/slice.h"
#include "shim/events.h"
#include "shim/fork.h"
#include "shim/node_choice.h"
#include "shim/serving.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace hugepage::substitution {
namespace internal {

constinit std::atomic<std::size_t> threshold{1};  // until the environment is read, any request is looked at
constinit RegionTable regions;

}  // namespace internal

namespace {

using internal::regions;
using internal::threshold;

// In this order, so that the first one isn't 0: beside the threshold, in a page that the loader writes to
// anyway.
enum class Phase { inert, armed, pool_unread, arming, unarmed };
constinit std::atomic<Phase> phase{Phase::unarmed};
// Written while arming, then only read; so is the pool. In .data, where it shares a page that is written to
// anyway.
[[gnu::section(".data")]] constinit Config settings;
constinit Pool pool;

constexpr std::size_t kLooksLikeASector = 512UL << 20;

void become(Phase outcome, std::size_t smallest_length) noexcept {
    phase.store(outcome, std::memory_order_release);
    threshold.store(smallest_length, std::memory_order_relaxed);
}

// Anonymous memory to read and write, anywhere, with no wish that a file could not fulfil.
bool is_eligible(const MapRequest& request) noexcept {
    constexpr int kHarmless = MAP_NORESERVE | MAP_POPULATE | MAP_LOCKED;
    const int kind = request.flags & ~kHarmless;
    return request.protection == (PROT_READ | PROT_WRITE) &&
           (kind == (MAP_ANONYMOUS | MAP_PRIVATE) || kind == (MAP_ANONYMOUS | MAP_SHARED));
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

// As getenv. Most programs that this is loaded into are none of its business, and to call the C library for
// that costs them a page fault.
const char* variable(const char* name) noexcept {
    const std::string_view wanted(name);
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        if (text.starts_with(wanted) && from(text, wanted.size()).starts_with('=')) {
            return *entry + wanted.size() + 1;
        }
    }
    return nullptr;
}

void read_pool() noexcept {
    const auto scanned = pool.scan(*settings.files);
    if (!scanned || pool.files().empty()) {
        events::no_files(*settings.files, scanned);
        return become(Phase::inert, SIZE_MAX);
    }
    events::loaded(pool);
    become(Phase::armed, std::min<std::size_t>(pool.files().front().size().bytes, kLooksLikeASector));
}

// Who comes while another thread reads it waits; a signal handler can't come, and nobody forks.
bool has_pool() noexcept {
    if (phase.load(std::memory_order_acquire) == Phase::pool_unread) {
        const fork::Hold hold;
        if (phase.load(std::memory_order_relaxed) == Phase::pool_unread) {
            read_pool();
        }
    }
    return phase.load(std::memory_order_acquire) == Phase::armed;
}

}  // namespace

void* try_map(const MapRequest& request) noexcept {
    ErrnoGuard errno_guard;
    arm();
    if (!may_serve(request.length) || !is_eligible(request) || fork::is_underway() || !has_pool()) {
        return nullptr;
    }
    const ByteSize size{request.length};
    if (!pool.has_size(size)) {
        events::no_such_size(size);
        return nullptr;
    }
    const Topology topology;
    const NodeChoice choice = choose_node(settings.node, topology);
    if (choice.source == NodeChoice::Source::current) {
        events::unpinned_once(choice.node);
    }

    Reason reason = Reason::no_file_for_size;
    for (PoolFile& file : pool.files_of(size, choice.node)) {
        const Path path = pool.path_of(file);
        const auto region =
            serve(request, {path.c_str(), file.size(), file.node()}, settings, topology, regions);
        if (region) {
            return region.value();
        }
        const Refusal& refusal = region.error();
        if (file.first_time(refusal.reason)) {
            events::refused(path.view(), refusal);
        }
        reason = more_telling(reason, refusal.reason);
    }
    events::fallback(size, choice.node, reason, settings.mode);
    if (settings.mode == Config::Mode::require) {
        errno_guard.leave(ENOMEM);
        return MAP_FAILED;
    }
    return nullptr;
}

void arm() noexcept {
    // Some programs map memory before the C library has taken over the environment (a sanitizer's runtime
    // does). Then it is too early to decide anything.
    if (environ == nullptr) {
        return;
    }
    Phase expected = Phase::unarmed;
    if (!phase.compare_exchange_strong(expected, Phase::arming, std::memory_order_acquire)) {
        return;
    }
    const ErrnoGuard errno_guard;
    const auto lookup = [](const char* name) { return variable(name); };
    if (!Config::is_wanted(lookup) || ::getauxval(AT_SECURE) != 0) {
        return become(Phase::inert, SIZE_MAX);
    }
    settings = Config::parse(lookup, environ);
    const bool is_meant = settings.executable == nullptr || executable_matches(settings.executable);
    if (settings.mode == Config::Mode::off || !is_meant) {
        return become(Phase::inert, SIZE_MAX);
    }
    log::start(settings.log_level, settings.log_file.view());
    for (const auto& complaint : settings.complaints()) {
        events::complaint(complaint);
    }
    if (!settings.files) {
        return become(Phase::inert, SIZE_MAX);
    }
    phase.store(Phase::pool_unread, std::memory_order_release);
}

bool is_inert() noexcept {
    return phase.load(std::memory_order_acquire) == Phase::inert;
}

const Config& config() noexcept {
    return settings;
}

}  // namespace hugepage::substitution
