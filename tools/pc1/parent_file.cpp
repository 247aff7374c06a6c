// Reading, checking and making parent files.
#include "tools/pc1/parent_file.h"

#include "tools/pc1/bad_input.h"
#include "tools/pc1/conveyor.h"
#include "tools/pc1/sha256.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace pc1 {
namespace {

static_assert(std::endian::native == std::endian::little, "rows lie in memory as they do in the file");

std::span<const std::uint8_t> as_bytes(const std::string& text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Also what each node's row has to fulfil for labelling: base parents come before the node.
bool is_possible(const ParentRow& row, std::uint64_t node, std::uint64_t nodes) {
    const std::uint64_t before = std::max<std::uint64_t>(node, 1);
    return std::all_of(row.begin(), row.begin() + kBaseParents, [&](auto p) { return p < before; }) &&
           std::all_of(row.begin() + kBaseParents, row.end(), [&](auto p) { return p < nodes; });
}

}  // namespace

std::string parent_file_name(std::uint64_t nodes, const Bytes32& porep_id) {
    const std::string identifier =
        "stacked_graph::StackedGraph{expansion_degree: 8 base_graph: drgraph::BucketGraph{size: " +
        std::to_string(nodes) + "; degree: 6; hasher: poseidon_hasher} }";
    Sha256 hash;
    hash.update(as_bytes("poseidon_hasher")).update(as_bytes(identifier));
    std::array<std::uint8_t, 8> number{};
    for (const std::uint64_t key : GraphKeys::derive(porep_id).feistel) {
        store_le(number.data(), key);
        hash.update(number);
    }
    store_le(number.data(), nodes);
    hash.update(std::span(number).first(4));
    return "v28-sdr-parent-" + to_hex(hash.finish()) + ".cache";
}

ParentFile::ParentFile(std::filesystem::path path, const Graph& graph)
    : path_(std::move(path)), nodes_(graph.nodes()), fd_(open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status {};
    if (fd_ < 0 || fstat(fd_, &status) != 0) {
        throw BadInput("open the parent file " + path_.string() + ": " + std::strerror(errno));
    }
    try {
        const std::uint64_t wanted = nodes_ * kRowBytes;
        if (!S_ISREG(status.st_mode) || static_cast<std::uint64_t>(status.st_size) != wanted) {
            throw BadInput(path_.string() + " is no parent file of this sector: it has " +
                           std::to_string(status.st_size) + " bytes, that of " + std::to_string(nodes_) +
                           " nodes has " + std::to_string(wanted));
        }
        expect_rows_of(graph);
    } catch (...) {
        close(fd_);
        throw;
    }
}

ParentFile::~ParentFile() {
    close(fd_);
}

// The last row and, from the first on, one in every thousandth of the file, each time at another place.
void ParentFile::expect_rows_of(const Graph& graph) const {
    constexpr std::uint64_t kSamples = 1000;
    const std::uint64_t step = std::max<std::uint64_t>(1, nodes_ / kSamples);
    for (std::uint64_t i = 0; i * step < nodes_; ++i) {
        const std::uint64_t node = i == 0 ? nodes_ - 1 : i * step - i * 7919 % step;
        ParentRow expected;
        ParentRow row;
        graph.parents(node, 1, &expected);
        ParentFile::parents(node, 1, &row);
        if (row != expected) {
            throw BadInput(path_.string() + " holds the parents of another graph (node " +
                           std::to_string(node) + " differs): other PoRep id, API version or size");
        }
    }
}

void ParentFile::parents(std::uint64_t first, std::size_t count, ParentRow* rows) const {
    auto* bytes = reinterpret_cast<std::uint8_t*>(rows);
    std::size_t left = count * kRowBytes;
    auto at = static_cast<off_t>(first * kRowBytes);
    while (left > 0) {
        const ssize_t got = pread(fd_, bytes, left, at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            throw std::runtime_error("read " + path_.string() + " at " + std::to_string(at) + ": " +
                                     (got < 0 ? std::strerror(errno) : "it has become shorter"));
        }
        bytes += got;
        at += got;
        left -= static_cast<std::size_t>(got);
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (!is_possible(rows[i], first + i, nodes_)) {
            throw std::runtime_error(path_.string() + " is damaged: impossible parents of node " +
                                     std::to_string(first + i));
        }
    }
}

Bytes32 for_each_piece_of_parent_file(const ParentSource& source, unsigned threads, const OnRows& on_rows) {
    constexpr std::uint64_t kChunk = 8192;  // rows
    const std::size_t places = 2 * std::size_t{threads};
    const std::uint64_t nodes = source.nodes();
    const auto rows_in = [&](std::uint64_t chunk) { return std::min(kChunk, nodes - chunk * kChunk); };
    std::vector<ParentRow> rows(places * kChunk);
    Sha256 hash;
    Conveyor((nodes + kChunk - 1) / kChunk, places)
        .run(
            threads,
            [&](std::uint64_t chunk, std::size_t place) {
                source.parents(chunk * kChunk, rows_in(chunk), &rows[place * kChunk]);
            },
            [&](std::uint64_t chunk, std::size_t place) {
                const auto* bytes = reinterpret_cast<const std::uint8_t*>(&rows[place * kChunk]);
                const std::span<const std::uint8_t> piece(bytes, rows_in(chunk) * kRowBytes);
                hash.update(piece);
                on_rows(chunk * kChunk, piece);
            });
    return hash.finish();
}

}  // namespace pc1
