// All files that may be leased, by size and node, as they were when the folders were read.
#pragma once

#include "shim/core/byte_size.h"
#include "shim/core/file_pattern.h"
#include "shim/core/fixed_string.h"
#include "shim/core/id_set.h"
#include "shim/core/kernel_tables.h"
#include "shim/core/late_array.h"
#include "shim/core/node_id.h"
#include "shim/core/reason.h"
#include "shim/core/result.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace hugepage {

// One name in the pool. That it is there says nothing of whether it may be used: that is asked at each lease.
class PoolFile {
  public:
    [[nodiscard]] ByteSize size() const noexcept { return size_; }
    [[nodiscard]] NodeId node() const noexcept { return node_; }

    // True the first time it is called for the reason: each file's fault is told once. Any thread may call.
    [[nodiscard]] bool first_time(Reason reason) noexcept;

  private:
    friend class Pool;

    ByteSize size_;
    NodeId node_;
    FileId id_;
    std::uint32_t told_ = 0;        // a bit for each Reason
    std::array<char, 256> name_{};  // within the node's folder; empty if the pattern names the file itself
};

// Never destroyed: keep it in static storage. Read by any number of threads once scan() is done.
class Pool {
  public:
    static constexpr std::size_t kMaxFiles = 4096;

    // Reads the folders that the pattern stands for. What is no regular file, begins with a dot, or is empty,
    // is left out, and so are a second name of a file in the same folder and all files over kMaxFiles. The
    // pattern must outlive the pool.
    [[nodiscard]] Status scan(const FilePattern& pattern) noexcept;

    // After a scan: what has been told of the files of an earlier one counts as told. True if a file is here
    // that wasn't there.
    bool take_over_from(Pool& earlier) noexcept;

    // By size, then node, then name.
    [[nodiscard]] std::span<PoolFile> files() noexcept { return files_.first(count_); }
    // Those of one size on one node, in the order of their names.
    [[nodiscard]] std::span<PoolFile> files_of(ByteSize size, NodeId node) noexcept;
    [[nodiscard]] bool has_size(ByteSize size) const noexcept;
    // Those that have files of the size.
    [[nodiscard]] NodeSet nodes_of(ByteSize size) const noexcept;

    [[nodiscard]] Path path_of(const PoolFile& file) const noexcept;

    // A node's folder that the last scan could not read, or whose files it could not look at; the last one of
    // several.
    struct Unread {
        NodeId node;
        Error error;
    };
    [[nodiscard]] const std::optional<Unread>& unread() const noexcept { return unread_; }

  private:
    void scan_node(NodeId node) noexcept;
    void add(NodeId node, const char* path, std::string_view name) noexcept;

    const FilePattern* pattern_ = nullptr;
    LateArray<PoolFile, kMaxFiles> files_;
    std::size_t count_ = 0;
    std::optional<Unread> unread_;
};

}  // namespace hugepage
