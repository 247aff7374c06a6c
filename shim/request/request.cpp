#include "shim/request/request.h"

#include "shim/base/config.h"
#include "shim/base/log.h"
#include "shim/base/mutex.h"
#include "shim/base/range.h"
#include "shim/base/sys.h"
#include "shim/base/text.h"
#include "shim/base/topology.h"
#include "shim/request/find_region.h"
#include "shim/request/known_sizes.h"

#include <linux/mempolicy.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace hugepage::request {
namespace internal {

constinit std::atomic<std::size_t> threshold{0};  // until the environment is read, any request is looked at

}  // namespace internal

namespace {

using internal::threshold;
using log::Level;

enum class Phase { unarmed, arming, inert, armed };
constinit std::atomic<Phase> phase{Phase::unarmed};
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
bool has_supported_flags(const MapRequest& request) noexcept {
    constexpr int kHarmless = MAP_NORESERVE | MAP_POPULATE | MAP_LOCKED;
    const int kind = request.flags & ~kHarmless;
    return request.protection == (PROT_READ | PROT_WRITE) &&
           static_cast<std::size_t>(request.offset) % page_bytes() == 0 &&
           (kind == (MAP_ANONYMOUS | MAP_PRIVATE) || kind == (MAP_ANONYMOUS | MAP_SHARED));
}

// Threads may do this at once: whoever stores last has seen what the others had found.
void set_threshold() noexcept {
    ByteSize smallest;
    do {
        smallest = sizes.smallest_or(kHugePage);
        threshold.store(smallest.bytes);
    } while (sizes.smallest_or(kHugePage) != smallest);
}

// At the first request that a file serves, or would: not by each child of the sealer, which has the same
// variables.
void tell_complaints_once() noexcept {
    for (const auto& [name, value, why, is_fatal] : state::config.complaints()) {
        log::write_once(is_fatal ? Level::error : Level::warn, "config", name, "=", value, ": ", why);
    }
}

// Whether the pool has files of that size, or it is a sector's, so that it should have. By
// HUGEPAGE_MODE=require what may be a sector's buffer gets no ordinary memory, even if there is no pool at
// all (hugetlbfs isn't mounted, say, or the variable that names the files can't be used).
bool is_wanted(ByteSize size) noexcept {
    const Config& config = state::config;
    const bool is_sector = std::ranges::find(kSectors, size) != std::end(kSectors);
    if (config.mode == Config::Mode::thp) {  // nothing smaller than a sector comes here
        tell_complaints_once();
        return is_sector;
    }
    const bool is_required = config.mode == Config::Mode::require;
    if (!config.files) {
        tell_complaints_once();
        become(is_required ? Phase::armed : Phase::inert, is_required ? kLooksLikeASector.bytes : SIZE_MAX);
        return is_required && size >= kLooksLikeASector;
    }
    if (!sizes.contain(size) && sizes.refresh(*config.files)) {
        set_threshold();
    }
    const bool is_known = sizes.contain(size);
    if (!is_known && size < kLooksLikeASector) {
        return false;
    }
    tell_complaints_once();
    if (is_known || is_sector) {
        return true;
    }
    if (sizes.empty()) {
        return is_required;
    }
    log::write_once(Level::info, "pool",
                    "passing on a request that no memory file's size equals. memory_size: ", size.bytes, " (",
                    to_text(size).view(),
                    "); if it is a sector's buffer, make files of exactly this size with hugepage-file-init");
    return false;
}

const char* what_next(Reason reason) noexcept {
    switch (reason) {
        case Reason::no_file_for_size:
            return "make some for this node with hugepage-file-init";
        case Reason::all_leased:
            return "make more files with hugepage-file-init, or run fewer sealers on this node";
        case Reason::no_addresses:
            return "raise the limit of address space (ulimit -v), or free what is not used";
        default:
            return "see the line about each file above";
    }
}

// Of what gets ordinary memory, or with HUGEPAGE_MODE=require none.
void tell_fallback(std::size_t bytes, NodeId node, Reason reason, bool is_refused) noexcept {
    log::write(is_refused ? Level::error : Level::warn, "pool", "unable to alloc numa memory, ",
               is_refused ? "failing with ENOMEM (HUGEPAGE_MODE=require)" : "falling back",
               ". memory_size: ", bytes, "; numa: ", node.value, "; reason: ", name_of(reason), "; ",
               what_next(reason));
}

}  // namespace

bool is_eligible(const MapRequest& request) noexcept {
    const ErrnoGuard guard;
    arm();
    return phase.load(std::memory_order_acquire) == Phase::armed && may_serve(request.length) &&
           has_supported_flags(request) && is_wanted(ByteSize{request.length});
}

Answer serve(const MapRequest& request) noexcept {
    const ErrnoGuard guard;
    const SignalBlock signals;
    const Topology topology;
    Answer answer{.choice = choose_node(state::config.node, topology)};
    const NodeChoice& choice = answer.choice;
    if (choice.source == NodeChoice::Source::current) {
        log::write_once(
            Level::info, "node",
            "the thread is not pinned to one node: taking the one where it runs now; pin the sealer "
            "(taskset, numactl, cpuset) or set HUGEPAGE_NODE to be sure");
    }
    if (state::config.mode == Config::Mode::thp) {
        log::write(Level::info, "pool",
                   "no files are wanted (HUGEPAGE_MODE=thp): memory advised to use huge pages. memory_size: ",
                   request.length, "; numa: ", choice.node.value);
        return answer;
    }
    Found found;  // none, where the variable that names the files can't be used
    if (request.placed && request.address == nullptr) {
        found.reason = Reason::no_addresses;
    } else if (state::config.files) {
        found = find_region(request, choice, signals);
    }
    answer.memory = found.region;
    if (answer.memory == nullptr) {
        answer.is_refused = state::config.mode == Config::Mode::require;
        tell_fallback(request.length, choice.node, found.reason, answer.is_refused);
    }
    return answer;
}

bool advises_fallback() noexcept {
    return state::config.fallback == Config::Fallback::thp || state::config.mode == Config::Mode::thp;
}

// What the kernel won't do is left undone.
void advise_fallback(void* memory, std::size_t length, const NodeChoice& choice) noexcept {
    const auto begin = reinterpret_cast<std::uintptr_t>(memory);
    const Range pages = Range{begin, begin + length}.narrowed_to(ByteSize{page_bytes()});
    const ErrnoGuard guard;
    if (!advises_fallback() || pages.empty() || sys::is_filtered()) {
        return;
    }
    next::kernel::madvise(pages.address(), pages.length(), MADV_HUGEPAGE);
    if (!choice.has_policy) {
        NodeSet node;
        node.insert(choice.node);
        sys::call(SYS_mbind, pages.address(), pages.length(), MPOL_PREFERRED, node.data(), NodeSet::kBits + 1,
                  0);
    }
}

void* memory_for(const MapRequest& request, next::Mmap* pass_on) noexcept {
    if (!is_eligible(request)) {
        return next::mmap_by(pass_on, request);
    }
    const Answer answer = serve(request);
    if (answer.memory != nullptr) {
        return answer.memory;
    }
    if (answer.is_refused) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void* const memory = next::mmap_by(pass_on, request);
    if (memory != MAP_FAILED) {
        advise_fallback(memory, request.length, answer.choice);
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
    if (!Config::is_wanted(environ) || ::getauxval(AT_SECURE) != 0) {
        return become(Phase::inert, SIZE_MAX);
    }
    state::config = Config::parse(environ);
    const bool is_meant = state::config.executable == nullptr || executable_matches(state::config.executable);
    if (state::config.mode == Config::Mode::off || !is_meant) {
        return become(Phase::inert, SIZE_MAX);
    }
    log::start(state::config.log_level, state::config.log_file);
    become(Phase::armed,
           state::config.mode == Config::Mode::thp ? kLooksLikeASector.bytes : kSmallestFile.bytes);
}

}  // namespace hugepage::request
