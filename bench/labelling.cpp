// The PC1 labelling: its floor and each stage alone, as time for each node. Of whole layers `pc1-label
// compare` tells the time.
#include "tools/pc1/hash.h"
#include "tools/pc1/label.h"
#include "tools/pc1/sector.h"
#include "tools/pc1/sector_buffer.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using pc1::kNodeBytes;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kGiB = 1 << 30;
constexpr std::size_t kDependentBlocks =
    19;  // of a node: each waits for the one before, and for the last node

// Reported as time for each node.
void count_nodes(benchmark::State& state, std::uint64_t nodes_in_iteration) {
    state.counters["per_node"] =
        benchmark::Counter(static_cast<double>(nodes_in_iteration),
                           benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

// The least that a node can take.
void hash_dependent_blocks(const pc1::Sha256Kernel& kernel, int nodes) {
    static const std::array<std::uint8_t, 32> zeros{};
    std::array<const std::uint8_t*, 2 * kDependentBlocks> halves;
    halves.fill(zeros.data());
    pc1::Sha256State hash{};
    for (int i = 0; i < nodes; ++i) {
        kernel.absorb(hash.data(), halves.data(), kDependentBlocks);
    }
    benchmark::DoNotOptimize(hash);
}

void floor(benchmark::State& state, const pc1::Sha256Kernel& kernel) {
    constexpr int kNodes = 1000;
    for (auto _ : state) {
        hash_dependent_blocks(kernel, kNodes);
    }
    count_nodes(state, kNodes);
}

void header(benchmark::State& state) {
    const pc1::NodeHash hash(pc1::Bytes32{9}, 2, pc1::best_sha256_kernel());
    std::uint64_t node = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(hash.after_header(node++));
    }
    count_nodes(state, 1);
}

// The hashing thread alone: nodes that are ready, in its cache.
void hash(benchmark::State& state, std::uint32_t layer) {
    constexpr std::size_t kNodes = 256;
    const pc1::NodeHash hash(pc1::Bytes32{9}, layer, pc1::best_sha256_kernel());
    std::vector<std::uint8_t> labels(kNodes * kNodeBytes, 7);
    std::vector<pc1::LadenNode> nodes(kNodes);
    for (std::size_t i = 0; i < kNodes; ++i) {
        for (std::size_t parent = 0; parent < pc1::kParents; ++parent) {
            nodes[i].node.labels[parent] = nodes[i].copies[parent].data();
        }
        nodes[i].node.labels[0] = &labels[kNodeBytes * ((i + kNodes - 1) % kNodes)];
    }
    for (auto _ : state) {
        for (std::size_t i = 0; i < kNodes; ++i) {
            hash.label(1 + i, nodes[i].node, nodes[(i + 4) % kNodes].node, &labels[kNodeBytes * i]);
        }
    }
    count_nodes(state, kNodes);
}

pc1::Graph graph_of(std::uint64_t sector_size,
                    const pc1::Chacha8Kernel& kernel = pc1::chacha8_kernels().front()) {
    return {sector_size / kNodeBytes, pc1::ApiVersion::kV1_1,
            pc1::default_porep_id(sector_size, pc1::ApiVersion::kV1_1), kernel};
}

// By one thread, in the middle of the sector.
void parents(benchmark::State& state, std::uint64_t sector_size, const pc1::Chacha8Kernel& kernel) {
    constexpr std::size_t kRows = 4096;
    const pc1::Graph graph = graph_of(sector_size, kernel);
    std::vector<pc1::ParentRow> rows(kRows);
    std::uint64_t first = graph.nodes() / 2;
    for (auto _ : state) {
        graph.parents(first, kRows, rows.data());
        first = first + 2 * kRows < graph.nodes() ? first + kRows : graph.nodes() / 2;
    }
    count_nodes(state, kRows);
}

void expander_parents(benchmark::State& state, std::uint64_t sector_size) {
    const std::uint64_t domain = sector_size / kNodeBytes * pc1::kExpanderParents;
    const pc1::FeistelPermutation permutation(domain, {1, 2, 3});
    std::array<std::uint64_t, 16 * pc1::kExpanderParents> images{};
    std::uint64_t first = domain / 2;
    for (auto _ : state) {
        permutation.images(first, images);
        first = first + 2 * images.size() < domain ? first + images.size() : domain / 2;
        benchmark::DoNotOptimize(images);
    }
    count_nodes(state, images.size() / pc1::kExpanderParents);
}

// A producer's other work: copying the labels of the parents, which lie all over 512 MiB.
void gather(benchmark::State& state) {
    constexpr std::size_t kRows = 4096;
    const pc1::Graph graph = graph_of(512 * kMiB);
    const pc1::SectorBuffer previous(pc1::Allocation::kMmap, 512 * kMiB);
    const pc1::SectorBuffer current(pc1::Allocation::kMmap, 512 * kMiB);
    const pc1::Layer layer{.number = 2, .previous = previous.data(), .labels = current.data()};
    std::vector<pc1::ParentRow> rows(kRows);
    std::vector<pc1::LadenNode> nodes(128);
    std::uint64_t first = graph.nodes() / 2;
    for (auto _ : state) {
        state.PauseTiming();
        graph.parents(first, kRows, rows.data());
        state.ResumeTiming();
        for (std::size_t i = 0; i < kRows; ++i) {
            pc1::LadenNode& laden = nodes[i % nodes.size()];
            laden.node = pc1::prepare(layer, {}, rows[i]);
            laden.load(layer, rows[i], first);
        }
        first = first + 2 * kRows < graph.nodes() ? first + kRows : graph.nodes() / 2;
    }
    count_nodes(state, kRows);
}

void add_all() {
    for (const pc1::Sha256Kernel* kernel : pc1::sha256_kernels()) {
        benchmark::RegisterBenchmark((std::string("floor/") + kernel->name).c_str(), floor, *kernel);
    }
    benchmark::RegisterBenchmark("header", header);
    benchmark::RegisterBenchmark("hash/layer_1", hash, 1);
    benchmark::RegisterBenchmark("hash/layer_2", hash, 2);
    for (const pc1::Chacha8Kernel& kernel : pc1::chacha8_kernels()) {
        const std::string name = kernel.name;
        benchmark::RegisterBenchmark(("parents/512MiB/" + name).c_str(), parents, 512 * kMiB, kernel);
        benchmark::RegisterBenchmark(("parents/32GiB/" + name).c_str(), parents, 32 * kGiB, kernel);
    }
    benchmark::RegisterBenchmark("expander_parents/512MiB", expander_parents, 512 * kMiB);
    benchmark::RegisterBenchmark("expander_parents/32GiB", expander_parents, 32 * kGiB);
    benchmark::RegisterBenchmark("gather/512MiB", gather);
}

[[maybe_unused]] const bool kAreAdded = (add_all(), true);

}  // namespace

BENCHMARK_MAIN();
