// Labels a layer of as many nodes as the argument says, for callgrind to count the hashing thread's
// instructions. The hash itself is left out (an empty kernel, the first argument "beside") or not ("with").
#include "tools/pc1/label.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

void absorb_nothing(std::uint32_t*, const std::uint8_t* const*, std::size_t) {}

void label_nothing(const std::uint32_t*, const pc1::CyclicMessage&, const std::uint8_t* const*,
                   std::uint8_t*) {}

constexpr pc1::Sha256Kernel kNoHash{"none", absorb_nothing, label_nothing};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("usage: hashing_thread beside|with PRODUCERS NODES\n", stderr);
        return 2;
    }
    const bool with_hash = std::string_view(argv[1]) == "with";
    const auto producers = static_cast<unsigned>(std::atoi(argv[2]));
    const auto nodes = static_cast<std::uint64_t>(std::atoll(argv[3]));
    const pc1::Graph graph(nodes, pc1::ApiVersion::kV1_1, pc1::Bytes32{5}, pc1::chacha8_kernels().back());
    std::vector<std::uint8_t> previous(nodes * pc1::kNodeBytes);
    std::vector<std::uint8_t> labels(nodes * pc1::kNodeBytes);
    const pc1::Labeller labeller(pc1::Bytes32{9}, graph, with_hash ? pc1::kSha256Portable : kNoHash,
                                 {.producers = producers});
    labeller.label({2, previous.data(), labels.data()}, {0, nodes});
}
