// Parents in a file: the format of upstream's parent cache (section 7 of the SDR specification), which is the
// rows of all nodes one after the other, 14 numbers le32 each.
#pragma once

#include "tools/pc1/bytes.h"
#include "tools/pc1/graph.h"
#include "tools/pc1/parent_source.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

namespace pc1 {

inline constexpr std::size_t kRowBytes = sizeof(ParentRow);
static_assert(kRowBytes == 56);

// The name that upstream gives to the file of this graph, without folder. It does not tell API 1.0 from 1.1.
[[nodiscard]] std::string parent_file_name(std::uint64_t nodes, const Bytes32& porep_id);

// Reads rows as they are needed.
class ParentFile : public ParentSource {
  public:
    // Throws BadInput if the file cannot be read or is not the one of this graph: its size is looked at, and
    // a thousand of its rows. That tells every other graph, but not every damaged byte; a digest does.
    ParentFile(std::filesystem::path path, const Graph& graph);
    ~ParentFile() override;
    ParentFile(const ParentFile&) = delete;
    ParentFile& operator=(const ParentFile&) = delete;

    [[nodiscard]] std::uint64_t nodes() const override { return nodes_; }

    // Also throws if a row has a parent that no node can have, which is damage.
    void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const override;

  private:
    void expect_rows_of(const Graph& graph) const;

    std::filesystem::path path_;
    std::uint64_t nodes_;
    int fd_ = -1;
};

// Called on the calling thread.
using OnRows = std::function<void(std::uint64_t first, std::span<const std::uint8_t> bytes)>;

// Gives the bytes of the whole file to `on_rows`, in order, piece by piece; returns their SHA-256. The rows
// are computed by `threads` >= 1 threads ahead of it, which need some MiB of memory. An exception from
// `on_rows` ends it.
Bytes32 for_each_piece_of_parent_file(const ParentSource& source, unsigned threads, const OnRows& on_rows);

}  // namespace pc1
