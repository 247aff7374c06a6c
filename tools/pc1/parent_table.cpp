// Computing the parent table by several threads.
#include "tools/pc1/parent_table.h"

#include <system_error>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace pc1 {
namespace {

// What a thread takes at a time: some milliseconds of work.
constexpr std::uint64_t kChunk = 4096;

}  // namespace

// The rows are left uninitialised: the threads touch them first, each its own share.
ParentTable::ParentTable(std::uint64_t nodes, NodeRange range)
    : nodes_(nodes), range_(range), rows_(std::make_unique_for_overwrite<ParentRow[]>(range.size())) {}

void ParentTable::parents(std::uint64_t first, std::size_t count, ParentRow* rows) const {
    std::copy_n(rows_.get() + (first - range_.first), count, rows);
}

ParentTable ParentTable::compute(const ParentSource& source, NodeRange range, unsigned threads,
                                 const OnProgress& on_progress) {
    ParentTable table(source.nodes(), range);
    std::atomic<std::uint64_t> next_chunk = 0;
    std::atomic<std::uint64_t> nodes_done = 0;
    const auto compute_chunks = [&](const OnProgress* report) {
        for (;;) {
            const std::uint64_t done = kChunk * next_chunk.fetch_add(1, std::memory_order_relaxed);
            if (done >= range.size()) {
                return;
            }
            const std::uint64_t count = std::min(kChunk, range.size() - done);
            source.parents(range.first + done, count, table.rows_.get() + done);
            const std::uint64_t all = nodes_done.fetch_add(count, std::memory_order_relaxed) + count;
            if (report != nullptr) {
                (*report)(all);
            }
        }
    };

    {
        std::vector<std::jthread> helpers;
        try {
            for (unsigned i = 1; i < threads; ++i) {
                helpers.emplace_back(compute_chunks, nullptr);
            }
        } catch (const std::system_error&) {
            // No more threads to be had: those that run do the rest.
        }
        try {
            compute_chunks(on_progress ? &on_progress : nullptr);
        } catch (...) {
            next_chunk = range.size();  // nothing is left for the helpers
            throw;
        }
    }
    return table;
}

}  // namespace pc1
