#include "shim/request/known_sizes.h"

#include "shim/base/file_pattern.h"
#include "shim/base/ids.h"
#include "shim/base/log.h"
#include "shim/base/mutex.h"
#include "shim/base/sys.h"
#include "shim/base/text.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace hugepage {
namespace {

bool passes(int code) noexcept {
    return code == EMFILE || code == ENFILE || code == ENOMEM || code == EINTR || code == EIO ||
           code == EBADF;  // another thread has closed all descriptors
}

}  // namespace

bool KnownSizes::contain(ByteSize size) const noexcept {
    for (const auto& known : sizes_) {
        const std::uint64_t bytes = known.load(std::memory_order_relaxed);
        if (bytes == size.bytes || bytes == 0) {
            return bytes != 0;
        }
    }
    return false;
}

ByteSize KnownSizes::smallest_or(ByteSize size) const noexcept {
    for (const auto& known : sizes_) {
        const std::uint64_t bytes = known.load();
        size.bytes = bytes == 0 ? size.bytes : std::min(size.bytes, bytes);
    }
    return size;
}

void KnownSizes::insert(ByteSize size) noexcept {
    for (auto& slot : sizes_) {
        std::uint64_t known = 0;
        if (slot.compare_exchange_strong(known, size.bytes) || known == size.bytes) {
            return;
        }
    }
}

bool KnownSizes::refresh(const FilePattern& pattern) noexcept {
    const std::int64_t second = sys::now(CLOCK_MONOTONIC_COARSE) / 1'000'000'000 + 1;
    if (looked_.load(std::memory_order_relaxed) == second) {
        return false;
    }
    // Not before: who comes meanwhile must look too, instead of taking what he asks for for unknown.
    const SignalBlock signals;  // no handler leaves during it, and a descriptor open
    const bool is_complete = look_at_files(pattern);
    if (is_complete) {
        looked_.store(second, std::memory_order_relaxed);
    }
    return is_complete;
}

// False if an error that passes has hidden something.
bool KnownSizes::look_at_files(const FilePattern& pattern) noexcept {
    const bool is_first = empty();
    bool is_complete = true;
    std::optional<Error> unread;
    Path unread_path;
    const auto cannot_read = [&](std::optional<NodeId> node, const Error& error) {
        if (!node || error.code != ENOENT) {  // a node's folder may have been removed just now
            unread = error;
            unread_path = node ? pattern.path_of(*node) : pattern.searched_folder();
        }
        is_complete = is_complete && !passes(error.code);
    };

    NodeSet nodes;
    if (const auto listed = pattern.for_each_node([&](NodeId node) { nodes.insert(node); }); !listed) {
        cannot_read(std::nullopt, listed.error());
    }
    FixedString<512> counts;
    while (const auto node = nodes.first()) {
        nodes.remove(*node);
        const NodeFolder folder(pattern, *node);
        std::size_t files = 0;
        const auto look_at = [&](const char* name) {
            struct stat facts {};
            if (sys::fstatat(folder.fd(), name, facts) != 0) {
                cannot_read(node, {"look into", errno});
            } else if (S_ISREG(facts.st_mode) && facts.st_size > 0) {
                insert(ByteSize{static_cast<std::uint64_t>(facts.st_size)});
                ++files;
                if (is_first) {
                    log::write(log::Level::trace, "pool", "loaded memory file: ", folder.path(), "/", name);
                }
            }
            return false;
        };
        const Status listed = folder.opened() ? folder.for_each_name_until(look_at) : folder.opened();
        if (!listed) {
            cannot_read(node, listed.error());
        }
        if (files > 0) {
            append(counts, counts.empty() ? "" : "; ", "numa_id: ", node->value, ", loaded: ", files);
        }
    }
    if (unread) {
        log::write_once(
            empty() ? log::Level::error : log::Level::warn, "pool",
            empty() ? "not serving: " : "cannot read all memory files: ", unread->tried, " ",
            unread_path.view(), ErrnoText{unread->code},
            unread->code == ENOENT ? "; create memory files with hugepage-file-init, or mend the path" : "");
    } else if (empty()) {
        log::write_once(log::Level::error, "pool", "not serving: no memory files at ", pattern.text(),
                        "; create some with hugepage-file-init");
    }
    if (is_first && !counts.empty()) {
        log::write(log::Level::debug, "pool", "number of loaded memory files: ", counts.view());
    }
    return is_complete;
}

}  // namespace hugepage
