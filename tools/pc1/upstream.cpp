#include "tools/pc1/upstream.h"

#include "tools/pc1/hash.h"

#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pc1 {
namespace {

constexpr std::uint64_t kWindowNodes = 2048;
constexpr std::uint64_t kWindowBytes = kWindowNodes * sizeof(ParentRow);  // whole pages, of 64 KiB or less

[[noreturn]] void fail(const char* tried) {
    throw std::system_error(errno, std::generic_category(), tried);
}

}  // namespace

MappedParents::MappedParents(const ParentSource& source, NodeRange range, unsigned threads)
    : range_(range), file_(memfd_create("parents", MFD_CLOEXEC)) {
    static_assert(kWindowBytes % (16UL << 10) == 0);
    const std::uint64_t windows = (range.size() + kWindowNodes - 1) / kWindowNodes;
    if (file_ < 0) {
        fail("memfd_create");
    }
    const ParentTable table(source, range, threads);
    std::array<ParentRow, kWindowNodes> rows{};
    for (std::uint64_t window = 0; window < windows; ++window) {
        const std::uint64_t first = range.first + window * kWindowNodes;
        table.parents(first, std::min(kWindowNodes, range.last - first), rows.data());
        if (::write(file_, rows.data(), kWindowBytes) != static_cast<ssize_t>(kWindowBytes)) {
            fail("write the parents");
        }
    }
    map(0);
}

MappedParents::~MappedParents() {
    munmap(const_cast<ParentRow*>(rows_), kWindowBytes);
    close(file_);
}

void MappedParents::map(std::uint64_t window) {
    void* const fresh =
        mmap(nullptr, kWindowBytes, PROT_READ, MAP_SHARED, file_, static_cast<off_t>(window * kWindowBytes));
    if (fresh == MAP_FAILED) {
        fail("map the parents");
    }
    if (rows_ != nullptr) {
        munmap(const_cast<ParentRow*>(rows_), kWindowBytes);
    }
    rows_ = static_cast<const ParentRow*>(fresh);
    window_ = window;
}

ParentRow MappedParents::row(std::uint64_t node) {
    const std::uint64_t place = node - range_.first;
    if (place / kWindowNodes != window_) {
        map(place / kWindowNodes);
    }
    return rows_[place % kWindowNodes];
}

void label_as_upstream(const Layer& layer, NodeRange nodes, const Bytes32& replica_id,
                       MappedParents& parents) {
    const NodeHash hash(replica_id, layer.number, upstream_sha256_kernel());
    for (std::uint64_t node = nodes.first; node < nodes.last; ++node) {
        std::uint8_t* const label = layer.labels + kNodeBytes * node;
        const Sha256State state = hash.after_header(node);
        if (node == 0) {
            hash.label_node_zero(state, label);
            continue;
        }
        const PreparedNode prepared = prepare(layer, state, parents.row(node));
        // A label's first cache line alone: of one that lies across two, the second is waited for.
        for (const std::uint8_t* parent : prepared.labels) {
            __builtin_prefetch(parent);
        }
        hash.label(prepared, prepared, label);
    }
}

Crew upstream_crew(unsigned cpus) {
    constexpr unsigned kProducers = 3;
    constexpr std::size_t kLookahead = 800;
    constexpr std::size_t kStride = 128;
    return {.producers = std::clamp(cpus - 1, 1U, kProducers), .lookahead = kLookahead, .stride = kStride};
}

}  // namespace pc1
