#include "shim/substitution.h"

#include "shim/core/config.h"
#include "shim/core/errno_guard.h"
#include "shim/core/executable.h"
#include "shim/core/live_pool.h"
#include "shim/core/slice.h"
#include "shim/events.h"
#include "shim/fallback.h"
#include "shim/fork.h"
#include "shim/node_choice.h"
#include "shim/search.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hugepage::substitution {
namespace internal {

constinit std::atomic<std::size_t> threshold{0};  // until the environment is read, any request is looked at
constinit RegionTable regions;

}  // namespace internal

namespace {

using internal::regions;
using internal::threshold;

enum class Phase { unarmed, arming, inert, pool_unread, armed };
constinit std::atomic<Phase> phase{Phase::unarmed};
// Written while arming, then only read; so is the pool.
constinit Config settings;
constinit LivePool pool;

constexpr std::size_t kSmallestFile = kPageBytes;  // a file is whole pages
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

std::size_t smallest_size(Pool& files) noexcept {
    return std::min<std::size_t>(files.files().front().size().bytes, kLooksLikeASector);
}

void read_pool() noexcept {
    const auto scanned = pool.scan(*settings.files);
    const LivePool::View files(pool);
    if (!scanned || files->files().empty()) {
        events::no_files(*settings.files, scanned, files->unread());
        return become(Phase::inert, SIZE_MAX);
    }
    events::loaded(*files);
    fork::register_handlers();
    become(Phase::armed, smallest_size(*files));
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

// Whether the pool has such files; as it is by now, if that hasn't been looked into for a while.
bool has_size(std::size_t length) noexcept {
    const ByteSize size{length};
    if (LivePool::View(pool)->has_size(size) ||
        (pool.refresh_now_and_then() && LivePool::View(pool)->has_size(size))) {
        return true;
    }
    events::no_such_size(size);
    return false;
}

}  // namespace

void* get(const MapRequest& request, FunctionRef<void*()> pass_on) noexcept {
    const int errno_before = errno;
    arm();
    // The length once more when the pool has been read, and the smallest size is known.
    if (!may_serve(request.length) || !is_eligible(request) || fork::is_underway() || !has_pool() ||
        !may_serve(request.length) || !has_size(request.length)) {
        errno = errno_before;
        return pass_on();
    }
    const Topology topology;
    const NodeChoice choice = choose_node(settings.node, topology);
    if (choice.source == NodeChoice::Source::current) {
        events::unpinned_once(choice.node);
    }
    Search search(request, choice, settings, topology, pool, regions);
    void* const region = search.run();
    if (region == nullptr) {
        events::fallback(ByteSize{request.length}, choice.node, search.reason(), settings.mode);
    }
    if (region == nullptr && settings.mode == Config::Mode::require) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    errno = errno_before;
    if (region != nullptr) {
        return region;
    }
    void* const memory = pass_on();
    if (memory != MAP_FAILED && memory != nullptr && settings.fallback == Config::Fallback::thp) {
        const ErrnoGuard guard;
        improve(memory, request.length, choice);
    }
    return memory;
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
    log::start(settings.log_level, settings.log_file);
    for (const auto& complaint : settings.complaints()) {
        events::complaint(complaint);
    }
    if (!settings.files) {
        return become(Phase::inert, SIZE_MAX);
    }
    become(Phase::pool_unread, kSmallestFile);
}

bool is_inert() noexcept {
    return phase.load(std::memory_order_acquire) == Phase::inert;
}

void forget_other_threads() noexcept {
    pool.forget_users();
}

const Config& config() noexcept {
    return settings;
}

}  // namespace hugepage::substitution
