#include "tools/pc1/stretch.h"

#include "tools/common/command_line.h"
#include "tools/pc1/commands.h"
#include "tools/pc1/hash.h"
#include "tools/pc1/memory_pages.h"
#include "tools/pc1/sector.h"
#include "tools/pc1/sector_buffer.h"
#include "tools/pc1/upstream.h"

#include <nlohmann/json.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

namespace pc1 {
namespace {

constexpr Bytes32 kReplicaId{9};
constexpr std::uint64_t kWalked = 4;  // times the stretch: the third-level cache has hundreds of MiB on some
constexpr std::uint64_t kLayer1Share = 4;  // layer 1 is a tenth of PC1: a shorter stretch of it will do

struct Stretch {
    std::uint64_t sector_bytes = 0;
    std::uint64_t labels = 0;
    Path path = Path::kSingleCore;
    std::string_view pages;
    bool own_kernel = false;

    [[nodiscard]] Allocation allocation() const {
        return path == Path::kMulticore       ? Allocation::kMmap
               : pages.starts_with("aligned") ? Allocation::kUnlocked
                                              : Allocation::kCalloc;
    }
    [[nodiscard]] int advice() const {
        return pages == "asis" ? 0 : pages.ends_with("transparent") ? MADV_HUGEPAGE : MADV_NOHUGEPAGE;
    }
};

double seconds_of(const auto& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// One byte of each page.
void touch(const SectorBuffer& buffer) {
    constexpr std::uint64_t kPage = 4096;  // the least there is
    const std::uint64_t share = (buffer.size() / usable_cpus() / kPage + 1) * kPage;
    std::vector<std::jthread> threads;
    for (std::uint64_t begin = 0; begin < buffer.size(); begin += share) {
        threads.emplace_back([&buffer, begin, end = std::min(begin + share, buffer.size())] {
            for (std::uint64_t at = begin; at < end; at += kPage) {
                static_cast<volatile std::uint8_t*>(buffer.data())[at] = 1;
            }
        });
    }
}

nlohmann::json measure(const Stretch& stretch) {
    const Sector sector{.bytes = stretch.sector_bytes,
                        .api_version = ApiVersion::kV1_1,
                        .porep_id = default_porep_id(stretch.sector_bytes, ApiVersion::kV1_1)};
    const Graph graph = sector.graph();
    std::optional<SectorBuffer> labels;
    std::optional<SectorBuffer> previous;
    const double ready_seconds = seconds_of([&] {
        for (auto* buffer : {&previous, &labels}) {
            buffer->emplace(stretch.allocation(), stretch.sector_bytes, stretch.advice());
            touch(**buffer);
        }
    });

    // How far back base parents lie is drawn by orders of magnitude: here, as far as they do on average.
    constexpr double kAverage = 0.37;
    const std::uint64_t count = std::min(stretch.labels, sector.nodes());
    const auto first = static_cast<std::uint64_t>(kAverage * static_cast<double>(sector.nodes() - count));
    ParentFile parents(graph, {first, first + count}, usable_cpus());
    const Labeller labeller(kReplicaId, parents,
                            stretch.own_kernel ? best_sha256_kernel() : upstream_sha256_kernel(),
                            stretch.own_kernel ? Crew{.producers = 0} : upstream_crew(usable_cpus()));
    const auto label = [&](const Layer& layer, NodeRange nodes) {
        if (stretch.path == Path::kSingleCore && !stretch.own_kernel) {
            label_as_upstream(layer, nodes, kReplicaId, parents);
        } else {
            labeller.label(layer, nodes);
        }
    };
    const auto ns_of = [&](std::uint32_t number, std::uint64_t wanted) {
        const NodeRange nodes{first, first + std::clamp<std::uint64_t>(wanted, 1, count)};
        const auto layer = [&] {
            return Layer{.number = number, .previous = previous->data(), .labels = labels->data()};
        };
        walk(layer(), {first - std::min(first, kWalked * nodes.size()), first}, graph);
        std::uint64_t done = 0;
        const double seconds = seconds_of([&] {
            for (; done < wanted; done += nodes.size()) {
                label(layer(), nodes);
                std::swap(labels, previous);
            }
        });
        return seconds * 1e9 / static_cast<double>(done);
    };
    const double layer_1_ns = ns_of(1, stretch.labels / kLayer1Share + 1);
    return {{"layer_1_ns", layer_1_ns},
            {"ns", ns_of(2, stretch.labels)},
            {"ready_seconds", ready_seconds},
            {"pages", pages_of({labels->bytes(), previous->bytes()})}};
}

}  // namespace

std::string run_stretch(int argc, const char* const* argv) {
    const std::vector<std::string_view> words(argv, argv + argc);
    if (words.size() != 6 || std::ranges::find(kStretchPages, words[4]) == std::end(kStretchPages)) {
        tools::refuse("compare-stretch is a part of compare.");
    }
    const Stretch stretch{
        .sector_bytes = std::stoull(argv[1]),
        .labels = std::stoull(argv[2]),
        .path = words[3] == name_of(Path::kMulticore) ? Path::kMulticore : Path::kSingleCore,
        .pages = words[4],
        .own_kernel = words[5] == "own"};
    return measure(stretch).dump() + "\n";
}

}  // namespace pc1
