#include "shim/request/events.h"

#include "shim/base/log.h"
#include "shim/base/text.h"

#include <array>
#include <atomic>
#include <cerrno>

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

bool first(std::atomic<bool>& told) noexcept {
    return !told.exchange(true, std::memory_order_relaxed);
}

std::uint32_t key_of(std::string_view text, std::uint32_t start) noexcept {
    std::uint32_t key = start ^ 0x811c9dc5;  // FNV-1a
    for (const char c : text) {
        key = (key ^ static_cast<unsigned char>(c)) * 0x01000193;
    }
    return key | 1;
}

// True the first time it is asked of the key, as far as it is remembered: an old key may make room for a new
// one.
bool first(std::uint32_t key) noexcept {
    static constinit std::array<std::atomic<std::uint32_t>, 128> told{};
    constexpr std::size_t kPlaces = 16;
    for (std::size_t i = 0; i < kPlaces; ++i) {
        std::uint32_t known = 0;
        if (told[(key / 2 + i) % told.size()].compare_exchange_strong(known, key,
                                                                      std::memory_order_relaxed)) {
            return true;
        }
        if (known == key) {
            return false;
        }
    }
    told[key / 2 % told.size()].store(key, std::memory_order_relaxed);
    return true;
}

void cannot_read(Level level, std::string_view consequence, const FilePattern& pattern,
                 const Unread& unread) noexcept {
    const Path path = unread.node ? pattern.path_of(*unread.node) : pattern.searched_folder();
    if (first(key_of(path.view(), static_cast<std::uint32_t>(unread.error.code)))) {
        say(level, "pool", consequence, unread.error.tried, " ", path.view(), ErrnoText{unread.error.code},
            unread.error.code == ENOENT ? "; create memory files with hugepage-file-init, or mend the path"
                                        : "");
    }
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

}  // namespace

void complaints_once(const Config& config) noexcept {
    static constinit std::atomic<bool> told{false};
    if (config.complaint_count == 0 || !first(told)) {
        return;
    }
    for (const auto& [name, value, why, is_fatal] : config.complaints()) {
        say(is_fatal ? Level::error : Level::warn, "config", name, "=", value, ": ", why);
    }
}

void no_files(const FilePattern& pattern, const std::optional<Unread>& unread) noexcept {
    if (unread) {
        cannot_read(Level::error, "not serving: ", pattern, *unread);
    } else if (first(key_of("no files", 0))) {
        say(Level::error, "pool", "not serving: no memory files at ", pattern.text(),
            "; create some with hugepage-file-init");
    }
}

void unread(const FilePattern& pattern, const Unread& unread) noexcept {
    cannot_read(Level::warn, "cannot read all memory files: ", pattern, unread);
}

void loaded(std::string_view folder, std::string_view name) noexcept {
    say(Level::trace, "pool", "loaded memory file: ", folder, "/", name);
}

void loaded(std::string_view counts) noexcept {
    say(Level::debug, "pool", "number of loaded memory files: ", counts);
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
        say(Level::warn, "pool", "cannot ask where pages are: ", error.tried, ErrnoText{error.code},
            "; files are taken to be on their folder's node");
    }
}

void leased(const Leased& lease) noexcept {
    const Placement& placement = lease.placement;
    if (placement.elsewhere > 0) {
        say(Level::warn, "pool", placement.elsewhere, " of ", placement.checked,
            " pages looked at are not on numa: ", lease.node.value, " but on others, as ",
            placement.other.value, "; used all the same: ", lease.folder, "/", lease.name);
    }
    say(Level::info, "lease", "leased memory file: ", lease.folder, "/", lease.name,
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

void refused(std::string_view folder, std::string_view name, const Refusal& refusal) noexcept {
    const bool is_held = refusal.reason == Reason::all_leased;
    if (!log::enabled(is_held ? Level::debug : Level::warn) ||
        !first(key_of(name, key_of(folder, static_cast<std::uint32_t>(refusal.reason))))) {
        return;
    }
    if (is_held) {
        say(Level::debug, "pool", "leased by somebody else: ", folder, "/", name);
    } else {
        say(Level::warn, "pool", "not using memory file: ", folder, "/", name,
            "; reason: ", name_of(refusal.reason), "; ", refusal.why, ErrnoText{refusal.code});
    }
}

void fallback(ByteSize size, NodeId node, Reason reason, Config::Mode mode) noexcept {
    const bool required = mode == Config::Mode::require;
    say(required ? Level::error : Level::warn, "pool", "unable to alloc numa memory, ",
        required ? "failing with ENOMEM (HUGEPAGE_MODE=require)" : "falling back",
        ". memory_size: ", size.bytes, "; numa: ", node.value, "; reason: ", name_of(reason), "; ",
        what_next(reason));
}

void without_files(ByteSize size, NodeId node) noexcept {
    say(Level::info, "pool",
        "no files are wanted (HUGEPAGE_MODE=thp): memory advised to use huge pages. memory_size: ",
        size.bytes, "; numa: ", node.value);
}

void no_such_size(ByteSize size) noexcept {
    if (first(key_of(to_exact_text(size).view(), 0))) {
        say(Level::info, "pool",
            "passing on a request that no memory file's size equals. memory_size: ", size.bytes, " (",
            to_text(size).view(),
            "); if it is a sector's buffer, make files of exactly this size with "
            "hugepage-file-init");
    }
}

}  // namespace hugepage::events
