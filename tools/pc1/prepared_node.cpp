// Pointing at labels and copying them.
#include "tools/pc1/prepared_node.h"

#include <algorithm>

namespace pc1 {

PreparedNode prepare(const Layer& layer, const Sha256State& state, const ParentRow& row) {
    PreparedNode prepared{.state = state, .labels = {}};
    for (std::size_t i = 0; i < kParents; ++i) {
        // Layer 1 has none before it; its expander parents are not hashed.
        const bool is_here = i < kBaseParents || layer.number == 1;
        prepared.labels[i] = (is_here ? layer.labels : layer.previous) + kNodeBytes * row[i];
    }
    return prepared;
}

void LadenNode::load(const Layer& layer, const ParentRow& row, std::uint64_t labelled) {
    const std::size_t hashed = layer.number == 1 ? kBaseParents : kParents;
    for (std::size_t i = 0; i < hashed; ++i) {
        if (i >= kBaseParents || row[i] < labelled) {
            std::copy_n(node.labels[i], kNodeBytes, copies[i].begin());
            node.labels[i] = copies[i].data();
        }
    }
}

}  // namespace pc1
