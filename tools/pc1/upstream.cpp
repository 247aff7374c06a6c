#include "tools/pc1/upstream.h"

#include "tools/pc1/hash.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <thread>

namespace pc1 {
namespace {

constexpr std::uint64_t kWindowNodes = 2048;
constexpr std::uint64_t kWindowBytes = kWindowNodes * sizeof(ParentRow);
static_assert(kWindowBytes % (16UL << 10) == 0, "whole pages, of 16 KiB or less");

[[noreturn]] void fail(const char* tried, int reason = errno) {
    throw std::system_error(reason, std::generic_category(), tried);
}

}  // namespace

ParentFile::ParentFile(NodeRange range)
    : range_(range),
      windows_((range.size() + kWindowNodes - 1) / kWindowNodes),
      file_(memfd_create("parents", MFD_CLOEXEC)) {
    if (file_ < 0) {
        fail("memfd_create");
    }
}

ParentFile::ParentFile(const ParentSource& source, NodeRange range, unsigned threads) : ParentFile(range) {
    if (const int reason = posix_fallocate(file_, 0, static_cast<off_t>(windows_ * kWindowBytes))) {
        fail("get memory for the parents", reason);
    }
    void* const all = mmap(nullptr, windows_ * kWindowBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_, 0);
    if (all == MAP_FAILED) {
        fail("map the parents");
    }
    rows_ = static_cast<ParentRow*>(all);
    std::vector<std::jthread> crew;
    for (unsigned thread = 0; thread < threads; ++thread) {
        crew.emplace_back([this, &source, thread, threads] {
            for (std::uint64_t at = thread * kWindowNodes; at < range_.size(); at += threads * kWindowNodes) {
                source.parents(range_.first + at, std::min(kWindowNodes, range_.size() - at), rows_ + at);
            }
        });
    }
    crew.clear();
    map_window(0);
}

ParentFile::~ParentFile() {
    munmap(const_cast<ParentRow*>(in_window_), kWindowBytes);
    munmap(rows_, windows_ * kWindowBytes);
    close(file_);
}

void ParentFile::parents(std::uint64_t first, std::size_t count, ParentRow* rows) const {
    std::copy_n(rows_ + (first - range_.first), count, rows);
}

void ParentFile::map_window(std::uint64_t window) {
    void* const fresh =
        mmap(nullptr, kWindowBytes, PROT_READ, MAP_SHARED, file_, static_cast<off_t>(window * kWindowBytes));
    if (fresh == MAP_FAILED) {
        fail("map the parents");
    }
    if (in_window_ != nullptr) {
        munmap(const_cast<ParentRow*>(in_window_), kWindowBytes);
    }
    in_window_ = static_cast<const ParentRow*>(fresh);
    window_ = window;
}

ParentRow ParentFile::row(std::uint64_t node) {
    const std::uint64_t place = node - range_.first;
    if (place / kWindowNodes != window_) {
        map_window(place / kWindowNodes);
    }
    return in_window_[place % kWindowNodes];
}

void label_as_upstream(const Layer& layer, NodeRange nodes, const Bytes32& replica_id, ParentFile& parents) {
    const NodeHash hash(replica_id, layer.number, upstream_sha256_kernel());
    for (std::uint64_t node = nodes.first; node < nodes.last; ++node) {
        const Sha256State state = hash.after_header(node);
        const PreparedNode prepared = prepare(layer, state, parents.row(node));
        // A label's first cache line alone: of one that lies across two, the second is waited for.
        for (const std::uint8_t* parent : std::span(prepared.labels).first(hashed_parents(layer.number))) {
            __builtin_prefetch(parent);
        }
        hash.label(node, prepared, prepared, layer.labels + kNodeBytes * node);
    }
}

Crew upstream_crew(unsigned cpus) {
    constexpr unsigned kProducers = 3;
    constexpr std::size_t kLookahead = 800;
    constexpr std::size_t kStride = 128;
    return {.producers = std::clamp(cpus - 1, 1U, kProducers), .lookahead = kLookahead, .stride = kStride};
}

void walk(const Layer& layer, NodeRange nodes, const ParentSource& parents) {
    std::array<ParentRow, 64> rows;
    for (std::uint64_t first = nodes.first; first < nodes.last; first += rows.size()) {
        const std::uint64_t count = std::min<std::uint64_t>(rows.size(), nodes.last - first);
        parents.parents(first, count, rows.data());
        for (std::uint64_t i = 0; i < count; ++i) {
            const PreparedNode node = prepare(layer, {}, rows[i]);
            std::uint8_t sum = 0;
            for (const std::uint8_t* parent : std::span(node.labels).first(hashed_parents(layer.number))) {
                sum = static_cast<std::uint8_t>(sum + parent[0] + parent[kNodeBytes - 1]);
            }
            std::fill_n(layer.labels + kNodeBytes * (first + i), kNodeBytes, sum);
        }
    }
}

}  // namespace pc1
