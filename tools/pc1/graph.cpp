// Seeds of the graph, both kinds of parents, and their rows computed ahead by several threads.
#include "tools/pc1/graph.h"

#include "tools/pc1/conveyor.h"
#include "tools/pc1/hash.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace pc1 {
namespace {

static_assert(std::endian::native == std::endian::little,
              "as keys are made of digests and rows lie in a file");

Bytes32 tagged_digest(std::string_view tag, const Bytes32& porep_id) {
    Sha256 hash;
    hash.update({reinterpret_cast<const std::uint8_t*>(tag.data()), tag.size()});
    return hash.update(porep_id).finish();
}

// BLAKE2b-512 without key (RFC 7693) of 16 bytes: twelve rounds over a message of two words; the other
// fourteen are zero.
namespace blake2b {

using Words16 = std::array<std::uint64_t, 16>;

constexpr std::array<std::uint64_t, 8> kIv{0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                           0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                           0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

// The parameter block, first word: digest of 64 bytes, no key, fanout 1, depth 1.
constexpr std::uint64_t kParameters = 0x01010040;
constexpr std::uint64_t kMessageBytes = 16;

constexpr std::uint8_t kSigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                         {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                         {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                         {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                         {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                         {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                         {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                         {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                         {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

// The words that are mixed: the columns, then the diagonals.
constexpr std::uint8_t kMixed[8][4] = {{0, 4, 8, 12},  {1, 5, 9, 13},  {2, 6, 10, 14}, {3, 7, 11, 15},
                                       {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13},  {3, 4, 9, 14}};

void mix(std::uint64_t& a, std::uint64_t& b, std::uint64_t& c, std::uint64_t& d, std::uint64_t x,
         std::uint64_t y) {
    a += b + x;
    d = std::rotr(d ^ a, 32);
    c += d;
    b = std::rotr(b ^ c, 24);
    a += b + y;
    d = std::rotr(d ^ a, 16);
    c += d;
    b = std::rotr(b ^ c, 63);
}

// The first word of the digest of le64(first) || le64(second).
std::uint64_t first_word(std::uint64_t first, std::uint64_t second) {
    const Words16 message{first, second};
    Words16 v{};
    std::ranges::copy(kIv, v.begin());
    std::ranges::copy(kIv, v.begin() + kIv.size());
    v[0] ^= kParameters;
    v[12] ^= kMessageBytes;
    v[14] = ~v[14];  // this is the last block
    for (std::size_t round = 0; round < 12; ++round) {
        const auto& sigma = kSigma[round % 10];
        for (std::size_t i = 0; i < 8; ++i) {
            const auto& at = kMixed[i];
            mix(v[at[0]], v[at[1]], v[at[2]], v[at[3]], message[sigma[2 * i]], message[sigma[2 * i + 1]]);
        }
    }
    return kIv[0] ^ kParameters ^ v[0] ^ v[8];
}

}  // namespace blake2b

// The sampled parents of one node in the order drawn; duplicates stay.
using Sample = std::array<std::uint32_t, kBaseParents - 1>;

using Words = std::array<std::uint32_t[kChachaLanes], kChachaWords>;

// A draw is two words of the key stream, the low half first.
std::uint64_t draw(const Words& words, std::size_t number, std::size_t lane) {
    return words[2 * number][lane] | static_cast<std::uint64_t>(words[2 * number + 1][lane]) << 32;
}

// Bucket sampling: a node's distance to a parent is first drawn by its order of magnitude, then within that.
// It works on a graph of five times as many vertices with one parent each; `here` is the first of ours.
Sample sample_node(std::uint32_t node, const Words& words, std::size_t lane) {
    Sample sample{};
    const std::uint64_t here = sample.size() * std::uint64_t{node};
    const auto buckets = static_cast<std::uint64_t>(std::bit_width(here));
    for (std::size_t i = 0; i < sample.size(); ++i) {
        // NOLINTNEXTLINE(clang-analyzer-core.DivideZero): nodes 0 and 1 are not sampled
        const std::uint64_t bucket = draw(words, 2 * i, lane) % buckets + 1;
        const std::uint64_t farthest = std::min(here, std::uint64_t{1} << bucket);
        const std::uint64_t nearest = std::max(std::uint64_t{2}, farthest / 2);
        const std::uint64_t distance = nearest + draw(words, 2 * i + 1, lane) % (farthest - nearest + 1);
        sample[i] = static_cast<std::uint32_t>((here - distance) / sample.size());
    }
    return sample;
}

void fill_base_parents(ApiVersion version, std::uint32_t node, const Words& words, std::size_t lane,
                       ParentRow& row) {
    if (node < 2) {  // neither has five earlier nodes to choose from
        std::fill_n(row.begin(), kBaseParents, 0);
        return;
    }
    const bool predecessor_is_last = version == ApiVersion::kV1_0;
    std::ranges::copy(sample_node(node, words, lane), row.begin() + (predecessor_is_last ? 0 : 1));
    row[predecessor_is_last ? kBaseParents - 1 : 0] = node - 1;
}

// What a thread takes at a time: some milliseconds of work.
constexpr std::uint64_t kRowsInChunk = 8192;

}  // namespace

std::string_view to_text(ApiVersion version) {
    constexpr std::string_view kNames[] = {"1.0", "1.1", "1.2"};
    return kNames[static_cast<std::size_t>(version)];
}

FeistelPermutation::FeistelPermutation(std::uint64_t domain, const std::array<std::uint64_t, kRounds>& keys)
    : domain_(domain) {
    while (std::uint64_t{1} << (2 * half_bits_) < domain) {
        ++half_bits_;
    }
    half_mask_ = (std::uint64_t{1} << half_bits_) - 1;
    for (std::size_t round = 0; round < kRounds; ++round) {
        round_[round].resize(half_mask_ + 1);
        for (std::uint64_t half = 0; half <= half_mask_; ++half) {
            round_[round][half] = static_cast<std::uint32_t>(hash(half, keys[round]) & half_mask_);
        }
    }
}

std::uint64_t FeistelPermutation::hash(std::uint64_t half, std::uint64_t key) {
    return __builtin_bswap64(blake2b::first_word(__builtin_bswap64(half), __builtin_bswap64(key)));
}

inline std::uint64_t FeistelPermutation::pass(std::uint64_t value) const {
    std::uint64_t left = value >> half_bits_;
    std::uint64_t right = value & half_mask_;
    for (const auto& round : round_) {
        left ^= round[right];
        std::swap(left, right);
    }
    return left << half_bits_ | right;
}

// Walks end after one step or several, at random, and a branch on that would be mispredicted at every other
// number; so all of a batch step at once, and those that have arrived drop out of the list without a branch.
void FeistelPermutation::images(std::uint64_t first, std::span<std::uint64_t> images) const {
    constexpr std::size_t kBatch = 128;
    std::array<std::uint32_t, kBatch> walking;  // entries that have not arrived
    while (!images.empty()) {
        const auto batch = images.first(std::min(images.size(), kBatch));
        std::size_t left = 0;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            batch[i] = pass(first + i);
            walking[left] = static_cast<std::uint32_t>(i);
            left += batch[i] >= domain_ ? 1U : 0U;
        }
        while (left > 0) {
            std::size_t still_walking = 0;
            for (std::size_t i = 0; i < left; ++i) {
                const std::uint32_t entry = walking[i];
                batch[entry] = pass(batch[entry]);
                walking[still_walking] = entry;
                still_walking += batch[entry] >= domain_ ? 1U : 0U;
            }
            left = still_walking;
        }
        first += batch.size();
        images = images.subspan(batch.size());
    }
}

GraphKeys GraphKeys::derive(const Bytes32& porep_id) {
    GraphKeys keys{};
    const Bytes32 seed = tagged_digest("Filecoin_DRSample", porep_id);
    std::memcpy(keys.drg_seed.data(), seed.data(), sizeof keys.drg_seed);
    const Bytes32 feistel = tagged_digest("Filecoin_Feistel", porep_id);
    std::memcpy(keys.feistel.data(), feistel.data(), sizeof keys.feistel);
    return keys;
}

Graph::Graph(std::uint64_t nodes, ApiVersion version, const Bytes32& porep_id, const Chacha8Kernel& chacha8)
    : nodes_(nodes),
      version_(version),
      keys_(GraphKeys::derive(porep_id)),
      chacha8_(chacha8),
      expander_(kExpanderParents * nodes, {keys_.feistel[0], keys_.feistel[1], keys_.feistel[2]}) {}

void Graph::parents(std::uint64_t first, std::size_t count, ParentRow* rows) const {
    std::array<std::uint64_t, kChachaLanes * kExpanderParents> images;
    Words words;
    while (count > 0) {
        const std::size_t now = std::min(count, kChachaLanes);
        expander_.images(kExpanderParents * first, std::span(images).first(now * kExpanderParents));
        chacha8_.key_streams(keys_.drg_seed.data(), static_cast<std::uint32_t>(first), words.data());
        for (std::size_t i = 0; i < now; ++i) {
            fill_base_parents(version_, static_cast<std::uint32_t>(first + i), words, i, rows[i]);
            for (std::size_t k = 0; k < kExpanderParents; ++k) {
                const std::uint64_t image = images[i * kExpanderParents + k];
                const std::uint64_t kept = version_ == ApiVersion::kV1_0 ? image & 0xffffffff : image;
                rows[i][kBaseParents + k] = static_cast<std::uint32_t>(kept / kExpanderParents);
            }
        }
        first += now;
        rows += now;
        count -= now;
    }
}

Bytes32 digest_of_parents(const Graph& graph, unsigned threads, const OnProgress& on_progress) {
    const std::size_t places = 2 * std::size_t{threads};
    const auto rows_in = [&](std::uint64_t chunk) {
        return std::min(kRowsInChunk, graph.nodes() - chunk * kRowsInChunk);
    };
    std::vector<ParentRow> rows(places * kRowsInChunk);
    Sha256 hash;
    Conveyor((graph.nodes() + kRowsInChunk - 1) / kRowsInChunk, places)
        .run(
            threads,
            [&](std::uint64_t chunk, std::size_t place) {
                graph.parents(chunk * kRowsInChunk, rows_in(chunk), &rows[place * kRowsInChunk]);
            },
            [&](std::uint64_t chunk, std::size_t place) {
                const auto* bytes = reinterpret_cast<const std::uint8_t*>(&rows[place * kRowsInChunk]);
                hash.update({bytes, rows_in(chunk) * sizeof(ParentRow)});
                on_progress(chunk * kRowsInChunk + rows_in(chunk));
            });
    return hash.finish();
}

}  // namespace pc1
