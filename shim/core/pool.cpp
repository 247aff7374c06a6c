#include "shim/core/pool.h"

#include "shim/core/slice.h"
#include "shim/core/sys.h"
#include "shim/core/text_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <tuple>
#include <utility>

namespace hugepage {

bool PoolFile::first_time(Reason reason) noexcept {
    const std::uint32_t bit = 1U << static_cast<unsigned>(reason);
    return (std::atomic_ref(told_).fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
}

bool PoolFile::was_held_at(std::uint32_t look) noexcept {
    return look != 0 && std::atomic_ref(held_at_).load(std::memory_order_relaxed) == look;
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
    index_by_id();
    return listed;
}

// Inodes are numbered one after the other, so the rest of a division spreads them well.
void Pool::index_by_id() noexcept {
    static_assert(kMaxFiles < UINT16_MAX);
    for (std::size_t i = 0; i < count_; ++i) {
        std::uint16_t& first = files_[files_[i].id_.inode % count_].first_of_chain_;
        files_[i].next_in_chain_ = std::exchange(first, static_cast<std::uint16_t>(i + 1));
    }
}

template <class Visit>
void Pool::for_each_with_id(const FileId& id, const Visit& visit) noexcept {
    std::size_t place = count_ > 0 ? files_[id.inode % count_].first_of_chain_ : 0;
    for (; place != 0; place = files_[place - 1].next_in_chain_) {
        if (files_[place - 1].id_ == id) {
            visit(files_[place - 1]);
        }
    }
}

bool Pool::take_over_from(Pool& earlier) noexcept {
    bool any_new = false;
    for (PoolFile& file : files()) {
        bool is_new = true;
        earlier.for_each_with_id(file.id_, [&](PoolFile& known) {
            if (known.size_ == file.size_ && known.node_ == file.node_) {
                file.told_ = std::atomic_ref(known.told_).load(std::memory_order_relaxed);
                is_new = false;
            }
        });
        any_new = any_new || is_new;
    }
    return any_new;
}

std::uint32_t Pool::look_at_locks(const char* table) noexcept {
    const std::uint32_t look = std::atomic_ref(looks_).fetch_add(1, std::memory_order_relaxed) + 1;
    std::array<char, 4096> buffer;  // as much as the kernel gives at a time
    const auto read = for_each_line(table, buffer, [&](std::string_view line) {
        if (const auto lock = parse_lock(line)) {
            for_each_with_id(lock->file, [&](PoolFile& file) {
                std::atomic_ref(file.held_at_).store(look, std::memory_order_relaxed);
            });
        }
    });
    return read ? look : 0;
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
