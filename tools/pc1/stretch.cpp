#include "tools/pc1/stretch.h"

#include "tools/pc1/hash.h"
#include "tools/pc1/options.h"
#include "tools/pc1/sector.h"
#include "tools/pc1/sector_buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

namespace pc1 {
namespace {

constexpr std::uint64_t kPage = 4096;  // the least there is

double seconds_of(const auto& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void advise(const SectorBuffer& buffer, Stretch::Pages pages) {
    if (pages == Stretch::Pages::asis) {
        return;
    }
    const auto begin = reinterpret_cast<std::uintptr_t>(buffer.data()) / kPage * kPage;
    madvise(reinterpret_cast<void*>(begin), buffer.size(),
            pages == Stretch::Pages::small ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
}

// One byte of each page, since labels need not be any that were computed.
void touch(const SectorBuffer& buffer) {
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

}  // namespace

StretchResult label_stretch(const Stretch& stretch) {
    const Sector sector{.bytes = stretch.sector_bytes,
                        .api_version = ApiVersion::kV1_1,
                        .porep_id = default_porep_id(stretch.sector_bytes, ApiVersion::kV1_1)};
    const Graph graph = sector.graph();
    const std::uint64_t count = std::min(stretch.labels, sector.nodes());
    const NodeRange nodes{sector.nodes() - count, sector.nodes()};
    constexpr Bytes32 kReplicaId{9};
    StretchResult result;
    std::unique_ptr<SectorBuffer> labels;
    std::unique_ptr<SectorBuffer> previous;
    result.ready_seconds = seconds_of([&] {
        for (auto* buffer : {&labels, &previous}) {
            *buffer = std::make_unique<SectorBuffer>(
                stretch.path == Path::kMulticore ? Allocation::kMmap : Allocation::kCalloc,
                stretch.sector_bytes);
            advise(**buffer, stretch.pages);
            touch(**buffer);
        }
    });
    const auto label_all = [&](const auto& label) {
        for (std::uint64_t done = 0; done < stretch.labels; done += count) {
            label(Layer{.number = 2, .previous = previous->data(), .labels = labels->data()});
            std::swap(labels, previous);
        }
    };
    double seconds = 0;
    if (stretch.path == Path::kSingleCore && !stretch.own_kernel) {
        MappedParents parents(graph, nodes, usable_cpus());
        seconds = seconds_of([&] {
            label_all([&](const Layer& layer) { label_as_upstream(layer, nodes, kReplicaId, parents); });
        });
    } else {
        const ParentTable parents(graph, nodes, usable_cpus());
        const Labeller labeller(kReplicaId, parents,
                                stretch.own_kernel ? best_sha256_kernel() : upstream_sha256_kernel(),
                                stretch.own_kernel ? Crew{.producers = 0} : upstream_crew(usable_cpus()));
        seconds = seconds_of([&] { label_all([&](const Layer& layer) { labeller.label(layer, nodes); }); });
    }
    const std::uint64_t passes = (stretch.labels + count - 1) / count;
    result.ns = seconds * 1e9 / static_cast<double>(passes * count);
    const auto range = [](const SectorBuffer& buffer) {
        return MemoryRange{.begin = reinterpret_cast<std::uintptr_t>(buffer.data()), .size = buffer.size()};
    };
    const MemoryRange both[] = {range(*labels), range(*previous)};
    result.buffers = pages_of(both);
    return result;
}

}  // namespace pc1
