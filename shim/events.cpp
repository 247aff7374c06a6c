#include "shim/events.h"

#include "shim/core/format.h"
#include "shim/core/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace hugepage::events {
namespace {

using log::Level;
using Message = FixedString<2UL * 1024>;

template <class... Parts>
void say(Level level, const char* module, const Parts&... parts) noexcept {
    if (log::enabled(level)) {
        Message message;
        append(message, parts...);
        log::write(level, module, message.view());
    }
}

// Unlike strerror, not translated and nothing thread-local.
const char* text_of(int code) noexcept {
    const char* text = ::strerrordesc_np(code);
    return text == nullptr ? "unknown error" : text;
}

bool first(std::atomic<bool>& told) noexcept {
    return !told.exchange(true, std::memory_order_relaxed);
}

const char* what_next(Reason reason) noexcept {
    switch (reason) {
        case Reason::no_file_for_size:
            return "make some for this node with hugepage-file-init";
        case Reason::all_leased:
            return "make more files with hugepage-file-init, or run fewer sealers on this node";
        default:
            return "see the line about each file above";
    }
}

}  // namespace

void complaint(const Config::Complaint& complaint) noexcept {
    say(complaint.is_fatal ? Level::error : Level::warn, "config", complaint.name, "=", complaint.value, ": ",
        complaint.why);
}

void no_files(const FilePattern& pattern, const Status& scanned,
              const std::optional<Pool::Unread>& unread) noexcept {
    if (scanned && unread) {
        say(Level::error, "pool", "not serving: ", unread->error.tried, " ",
            pattern.path_of(unread->node).view(), ": ", text_of(unread->error.code));
    } else if (scanned) {
        say(Level::error, "pool", "not serving: no memory files at ", pattern.text(),
            "; create some with hugepage-file-init");
    } else {
        say(Level::error, "pool", "not serving: ", scanned.error().tried, " ",
            pattern.searched_folder().view(), ": ", text_of(scanned.error().code),
            scanned.error().code == ENOMEM
                ? ""
                : "; create memory files with hugepage-file-init, or mend the path");
    }
}

void loaded(Pool& pool) noexcept {
    static constinit std::atomic<bool> told_unread{false};
    if (pool.unread() && first(told_unread)) {
        say(Level::warn, "pool", "cannot read the memory files of numa: ", pool.unread()->node.value, "; ",
            pool.unread()->error.tried, " their folder: ", text_of(pool.unread()->error.code));
    }
    if (pool.files().size() == Pool::kMaxFiles) {
        say(Level::warn, "pool", Pool::kMaxFiles,
            " memory files found, which is as many as the shim keeps account of; any others are left out");
    }
    if (!log::enabled(Level::debug)) {
        return;
    }
    for (const PoolFile& file : pool.files()) {
        say(Level::trace, "pool", "loaded memory file: ", pool.path_of(file).view());
    }
    Message counts;
    for (int node = 0; node < kMaxNodes; ++node) {
        const auto files = std::ranges::count(pool.files(), NodeId{node}, &PoolFile::node);
        if (files > 0) {
            append(counts, counts.empty() ? "" : "; ", "numa_id: ", node, ", loaded: ", files);
        }
    }
    say(Level::debug, "pool", "number of loaded memory files: ", counts.view());
}

void read_again(Pool& pool) noexcept {
    say(Level::info, "pool", "the folders have changed: ", pool.files().size(), " memory files now");
    loaded(pool);
}

void unpinned_once(NodeId node) noexcept {
    static constinit std::atomic<bool> told{false};
    if (first(told)) {
        say(Level::info, "node", "the thread is not pinned to one node: taking numa: ", node.value,
            ", where it runs now; pin the sealer (taskset, numactl, cpuset) or set HUGEPAGE_NODE to be sure");
    }
}

void placement_unknown_once(const Error& error) noexcept {
    static constinit std::atomic<bool> told{false};
    if (first(told)) {
        say(Level::warn, "pool", "cannot ask where pages are: ", error.tried, ": ", text_of(error.code),
            "; files are taken to be on their folder's node");
    }
}

void leased(const Leased& lease) noexcept {
    const Placement& placement = lease.placement;
    if (placement.elsewhere > 0) {
        say(Level::warn, "pool", placement.elsewhere, " of ", placement.checked,
            " pages looked at are not on numa: ", lease.node.value, " but on others, as ",
            placement.other.value, "; used all the same: ", lease.path);
    }
    say(Level::info, "lease", "leased memory file: ", lease.path,
        "; memory_size: ", to_text(lease.size).view(), "; page_size: ", to_text(lease.page_size).view(),
        "; numa wanted: ", lease.wanted.value, ", found: ", lease.node.value, " (",
        placement.checked - placement.elsewhere, " of ", placement.checked, " pages looked at); took ",
        Tenths{lease.populate_ms + lease.check_ms + lease.zero_ms}, " ms (populate ",
        Tenths{lease.populate_ms}, ", check ", Tenths{lease.check_ms}, ", zero ", Tenths{lease.zero_ms},
        " with ", lease.helpers, " helpers)");
}

void released(const void* address, std::size_t length) noexcept {
    say(Level::debug, "lease", "unmapped from a leased file: ", length, " bytes at ", Address{address});
}

void unaligned_protection_once(const void* address, std::size_t length, ByteSize page_size) noexcept {
    static constinit std::atomic<bool> told{false};
    if (first(told)) {
        say(Level::warn, "region", "mprotect of ", length, " bytes at ", Address{address},
            " fails with EINVAL: the memory is in huge pages of ", to_text(page_size).view(),
            ", which can only be protected whole");
    }
}

void refused(std::string_view path, const Refusal& refusal) noexcept {
    if (refusal.reason == Reason::all_leased) {
        say(Level::debug, "pool", "leased by somebody else: ", path);
    } else {
        say(Level::warn, "pool", "not using memory file: ", path, "; reason: ", name_of(refusal.reason), "; ",
            refusal.why, refusal.code == 0 ? "" : ": ", refusal.code == 0 ? "" : text_of(refusal.code));
    }
}

void fallback(ByteSize size, NodeId node, Reason reason, Config::Mode mode) noexcept {
    const bool required = mode == Config::Mode::require;
    say(required ? Level::error : Level::warn, "pool", "unable to alloc numa memory, ",
        required ? "failing with ENOMEM (HUGEPAGE_MODE=require)" : "falling back",
        ". memory_size: ", size.bytes, "; numa: ", node.value, "; reason: ", name_of(reason), "; ",
        what_next(reason));
}

void no_such_size(ByteSize size) noexcept {
    static constinit std::array<std::atomic<std::uint64_t>, 16> told{};
    for (auto& slot : told) {
        std::uint64_t known = 0;
        if (slot.compare_exchange_strong(known, size.bytes, std::memory_order_relaxed)) {
            say(Level::info, "pool",
                "passing on a request that no memory file's size equals. memory_size: ", size.bytes, " (",
                to_text(size).view(),
                "); if it is a sector's buffer, make files of exactly this size with "
                "hugepage-file-init");
            return;
        }
        if (known == size.bytes) {
            return;
        }
    }
}

}  // namespace hugepage::events
