#include "shim/substitution.h"

#include "shim/core/config.h"
#include "shim/core/errno_guard.h"
#include "shim/core/executable.h"
#include "shim/core/mutex.h"
#include "shim/core/slice.h"
#include "shim/events.h"
#include "shim/fallback.h"
#include "shim/known_sizes.h"
#include "shim/node_choice.h"
#include "shim/search.h"

#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace hugepage::substitution {
namespace internal {

constinit std::atomic<std::size_t> threshold{0};  // until the environment is read, any request is looked at
constinit RegionTable regions;

}  // namespace internal

namespace {

using internal::regions;
using internal::threshold;

enum class Phase { unarmed, arming, inert, armed };
constinit std::atomic<Phase> phase{Phase::unarmed};
constinit Config settings;  // written while arming, then only read
constinit KnownSizes sizes;

constexpr ByteSize kSmallestFile{kLeastPageBytes};  // a file is whole pages
constexpr ByteSize kHugePage{2UL << 20};  // no file of a pool that may come yet is expected to be smaller
constexpr ByteSize kLooksLikeASector{512UL << 20};
constexpr ByteSize kSectors[] = {kLooksLikeASector, {32UL << 30}, {64UL << 30}};

void become(Phase outcome, std::size_t smallest_length) noexcept {
    phase.store(outcome, std::memory_order_release);
    threshold.store(smallest_length, std::memory_order_relaxed);
}

// Anonymous memory to read and write, anywhere, with no wish that a file could not fulfil.
bool is_eligible(const MapRequest& request) noexcept {
    constexpr int kHarmless = MAP_NORESERVE | MAP_POPULATE | MAP_LOCKED;
    const int kind = request.flags & ~kHarmless;
    return request.protection == (PROT_READ | PROT_WRITE) &&
           static_cast<std::size_t>(request.offset) % page_bytes() == 0 &&
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

// Threads may do this at once: whoever stores last has seen what the others had found.
void set_threshold() noexcept {
    ByteSize smallest;
    do {
        smallest = sizes.smallest_or(kHugePage);
        threshold.store(smallest.bytes);
    } while (sizes.smallest_or(kHugePage) != smallest);
}

// Whether the pool has files of that size, or it is a sector's, so that it should have. By
// HUGEPAGE_MODE=require what may be a sector's buffer gets no ordinary memory, even if there is no pool at
// all (hugetlbfs isn't mounted, say).
bool is_wanted(ByteSize size) noexcept {
    const bool is_sector = std::ranges::find(kSectors, size) != std::end(kSectors);
    if (settings.mode == Config::Mode::thp) {
        if (is_sector) {
            events::complaints_once(settings);
        }
        return is_sector;
    }
    if (!settings.files) {
        events::complaints_once(settings);
        become(Phase::inert, SIZE_MAX);
        return false;
    }
    if (!sizes.contain(size) && sizes.refresh(*settings.files)) {
        set_threshold();
    }
    const bool is_known = sizes.contain(size);
    if (is_known || size >= kLooksLikeASector) {
        events::complaints_once(settings);
    }
    if (is_known || is_sector || size < kLooksLikeASector) {
        return is_known || is_sector;
    }
    if (sizes.empty()) {
        return settings.mode == Config::Mode::require;
    }
    events::no_such_size(size);
    return false;
}

}  // namespace

bool concerns(const MapRequest& request) noexcept {
    const ErrnoGuard guard;
    arm();
    return phase.load(std::memory_order_acquire) == Phase::armed && may_serve(request.length) &&
           is_eligible(request) && is_wanted(ByteSize{request.length});
}

Answer serve(const MapRequest& request) noexcept {
    const ErrnoGuard guard;
    const SignalBlock signals;
    const Topology topology;
    Answer answer{.choice = choose_node(settings.node, topology)};
    const NodeChoice& choice = answer.choice;
    if (choice.source == NodeChoice::Source::current) {
        events::unpinned_once(choice.node);
    }
    if (settings.mode == Config::Mode::thp) {
        events::without_files(ByteSize{request.length}, choice.node);
        return answer;
    }
    Search search(request, choice, settings, topology, regions, signals);
    answer.memory = search.run();
    if (answer.memory == nullptr) {
        answer.is_refused = settings.mode == Config::Mode::require;
        events::fallback(ByteSize{request.length}, choice.node, search.reason(), settings.mode);
    }
    return answer;
}

bool is_to_be_improved() noexcept {
    return settings.fallback == Config::Fallback::thp || settings.mode == Config::Mode::thp;
}

void improve(void* memory, std::size_t length, const Answer& answer) noexcept {
    if (is_to_be_improved()) {
        const ErrnoGuard guard;
        hugepage::improve(memory, length, answer.choice);
    }
}

void* memory_for(const MapRequest& request,
                 void* (*pass_on)(void*, std::size_t, int, int, int, off_t)) noexcept {
    const auto next = [&] {
        return pass_on(request.address, request.length, request.protection, request.flags, request.fd,
                       request.offset);
    };
    if (!concerns(request)) {
        return next();
    }
    const Answer answer = serve(request);
    if (answer.memory != nullptr) {
        return answer.memory;
    }
    if (answer.is_refused) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void* const memory = next();
    if (memory != MAP_FAILED) {
        improve(memory, request.length, answer);
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
    become(Phase::armed, settings.mode == Config::Mode::thp ? kLooksLikeASector.bytes : kSmallestFile.bytes);
}

const Config& config() noexcept {
    return settings;
}

}  // namespace hugepage::substitution
