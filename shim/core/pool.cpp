#include "shim/core/pool.h"

#include "shim/core/slice.h"
#include "shim/core/sys.h"
#include "shim/core/text_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <tuple>

namespace hugepage {

bool PoolFile::first_time(Reason reason) noexcept {
    const std::uint32_t bit = 1U << static_cast<unsigned>(reason);
    return (std::atomic_ref(told_).fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
}

Status Pool::scan(const FilePattern& pattern) noexcept {
    if (auto ready = files_.prepare(); !ready) {
        return ready;
    }
    pattern_ = &pattern;
    count_ = 0;
    unread_.reset();
    auto listed = pattern.for_each_node([&](NodeId node) { scan_node(node); });
    std::ranges::sort(files(), {}, [](const PoolFile& file) {
        return std::tuple(file.size_, file.node_, std::string_view(file.name_.data()));
    });
    return listed;
}

bool Pool::take_over_from(Pool& earlier) noexcept {
    bool any_new = false;
    for (PoolFile& file : files()) {
        const auto alike = earlier.files_of(file.size_, file.node_);
        const auto known = std::ranges::find(alike, file.id_, &PoolFile::id_);
        if (known == alike.end()) {
            any_new = true;
        } else {
            file.told_ = std::atomic_ref(known->told_).load(std::memory_order_relaxed);
        }
    }
    return any_new;
}

void Pool::scan_node(NodeId node) noexcept {
    const Path folder = pattern_->path_of(node);
    const auto listed = for_each_entry(folder.c_str(), [&](std::string_view name) {
        Path path = folder;
        path.append("/").append(name);
        if (!name.starts_with('.') && !path.truncated()) {
            add(node, path.c_str(), name);
        }
    });
    if (!listed && listed.error().code == ENOTDIR) {
        add(node, folder.c_str(), {});
    } else if (!listed && listed.error().code != ENOENT) {  // it may have been removed just now
        unread_ = Unread{node, listed.error()};
    }
}

void Pool::add(NodeId node, const char* path, std::string_view name) noexcept {
    struct stat facts {};
    if (sys::lstat(path, facts) != 0) {
        if (errno == EACCES) {
            unread_ = Unread{node, Error{"lstat in", errno}};
        }
        return;
    }
    if (count_ == kMaxFiles || !S_ISREG(facts.st_mode) || facts.st_size <= 0) {
        return;
    }
    const auto is_same_file = [&](const PoolFile& known) {
        return known.id_ == FileId{facts.st_dev, facts.st_ino} && known.node_ == node;
    };
    if (facts.st_nlink > 1 && std::ranges::any_of(files(), is_same_file)) {
        return;
    }
    PoolFile& file = files_[count_++];
    file = PoolFile();
    file.id_ = {facts.st_dev, facts.st_ino};
    file.size_ = ByteSize{static_cast<std::uint64_t>(facts.st_size)};
    file.node_ = node;
    std::ranges::copy(first_of(name, file.name_.size() - 1), file.name_.begin());
}

std::span<PoolFile> Pool::files_of(ByteSize size, NodeId node) noexcept {
    const auto key = [](const PoolFile& file) { return std::tuple(file.size_, file.node_); };
    const auto begin = std::ranges::lower_bound(files(), std::tuple(size, node), {}, key);
    const auto end = std::ranges::upper_bound(files(), std::tuple(size, node), {}, key);
    return {begin, end};
}

bool Pool::has_size(ByteSize size) const noexcept {
    return std::ranges::binary_search(files_.first(count_), size, {}, &PoolFile::size_);
}

NodeSet Pool::nodes_of(ByteSize size) const noexcept {
    NodeSet nodes;
    for (const PoolFile& file : files_.first(count_)) {
        if (file.size_ == size) {
            nodes.insert(file.node_);
        }
    }
    return nodes;
}

Path Pool::path_of(const PoolFile& file) const noexcept {
    Path path = pattern_->path_of(file.node_);
    if (file.name_[0] != '\0') {
        path.append("/").append(file.name_.data());
    }
    return path;
}

}  // namespace hugepage
