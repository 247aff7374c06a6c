// Seeds of the graph, and the rows of parents put together from both kinds.
#include "tools/pc1/graph.h"

#include "tools/pc1/drsample.h"
#include "tools/pc1/sha256.h"

#include <algorithm>

namespace pc1 {
namespace {

constexpr std::size_t kRowsAtATime = DrSampler::kAtATime;

Bytes32 tagged_digest(std::string_view tag, const Bytes32& porep_id) {
    Sha256 hash;
    for (const char letter : tag) {
        const auto byte = static_cast<std::uint8_t>(letter);
        hash.update({&byte, 1});
    }
    return hash.update(porep_id).finish();
}

void fill_base_parents(ApiVersion version, std::uint32_t node, const DrSample& sample, ParentRow& row) {
    constexpr auto kSamples = static_cast<std::ptrdiff_t>(std::tuple_size_v<DrSample>);
    if (node < 2) {  // neither has five earlier nodes to choose from
        std::fill_n(row.begin(), kBaseParents, 0);
    } else if (version == ApiVersion::kV1_0) {
        std::ranges::copy(sample, row.begin());
        row[kSamples] = node - 1;
    } else {
        row[0] = node - 1;
        std::ranges::copy(sample, row.begin() + 1);
    }
}

}  // namespace

std::string_view to_text(ApiVersion version) {
    switch (version) {
        case ApiVersion::kV1_0:
            return "1.0";
        case ApiVersion::kV1_1:
            return "1.1";
        case ApiVersion::kV1_2:
            return "1.2";
    }
    return "unknown";
}

GraphKeys GraphKeys::derive(const Bytes32& porep_id) {
    GraphKeys keys{};
    const Bytes32 seed = tagged_digest("Filecoin_DRSample", porep_id);
    std::copy_n(seed.begin(), keys.drg_seed.size(), keys.drg_seed.begin());
    const Bytes32 feistel = tagged_digest("Filecoin_Feistel", porep_id);
    for (std::size_t i = 0; i < keys.feistel.size(); ++i) {
        keys.feistel[i] = load_le<std::uint64_t>(feistel.data() + 8 * i);
    }
    return keys;
}

Graph::Graph(std::uint64_t nodes, ApiVersion version, const GraphKeys& keys, const Chacha8Kernel& chacha8)
    : nodes_(nodes),
      version_(version),
      sampler_(keys.drg_seed, chacha8),
      expander_(kExpanderParents * nodes, {keys.feistel[0], keys.feistel[1], keys.feistel[2]}) {}

Graph::Graph(std::uint64_t nodes, ApiVersion version, const Bytes32& porep_id, const Chacha8Kernel& chacha8)
    : Graph(nodes, version, GraphKeys::derive(porep_id), chacha8) {}

void Graph::parents(std::uint64_t first, std::size_t count, ParentRow* rows) const {
    std::array<std::uint64_t, kRowsAtATime * kExpanderParents> images;
    std::array<DrSample, kRowsAtATime> samples;
    while (count > 0) {
        const std::size_t now = std::min(count, kRowsAtATime);
        expander_.images(kExpanderParents * first, std::span(images).first(now * kExpanderParents));
        sampler_.sample(static_cast<std::uint32_t>(first), std::span(samples).first(now));
        for (std::size_t i = 0; i < now; ++i) {
            fill_base_parents(version_, static_cast<std::uint32_t>(first + i), samples[i], rows[i]);
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

}  // namespace pc1
