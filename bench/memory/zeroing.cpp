// Zeroing a buffer that is in place: by the shim's own function, and by what it is compared with.
#include "shim/request/zeroing.h"

#include "bench/memory/memory.h"
#include "bench/memory/stores.h"
#include "bench/support/benchmarks.h"
#include "bench/support/cpus.h"
#include "bench/support/timing.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <limits>
#include <map>

namespace bench {
namespace {

using Pass = std::function<double(Buffer& buffer, std::size_t threads)>;  // once over it; seconds

constexpr std::size_t kChunk = 8UL << 20;

double by_shim(Buffer& buffer, std::size_t threads) {
    const hugepage::Zeroing how{static_cast<int>(threads) - 1, stay_on_one_node().cpu_set};
    int helpers = 0;
    const double seconds =
        seconds_of([&] { helpers = hugepage::zero_memory(buffer.begin(), buffer.bytes(), how); });
    if (helpers + 1 != static_cast<int>(threads)) {
        throw Missing("the shim got " + std::to_string(helpers) + " helpers, not " +
                      std::to_string(threads - 1));
    }
    return seconds;
}

// Each thread has its share of the first `bytes`.
double in_shares(Buffer& buffer, std::size_t bytes, std::size_t threads, const Stores& stores) {
    return crew().run(threads, [&](std::size_t i) {
        const Share share = share_of(bytes, i, threads, 4096);
        stores.zero(buffer.begin() + share.begin, share.length);
    });
}

// Each thread takes the next chunk.
double in_chunks(Buffer& buffer, std::size_t bytes, std::size_t threads, const Stores& stores) {
    std::atomic<std::size_t> next = 0;
    return crew().run(threads, [&](std::size_t) {
        for (std::size_t at; (at = next.fetch_add(kChunk, std::memory_order_relaxed)) < bytes;) {
            stores.zero(buffer.begin() + at, std::min(kChunk, bytes - at));
        }
    });
}

Pass in_shares_by(const Stores& stores) {
    return [stores](Buffer& buffer, std::size_t threads) {
        return in_shares(buffer, buffer.bytes(), threads, stores);
    };
}

struct Way {
    Stores stores;
    bool chunks;

    [[nodiscard]] std::string text() const {
        return std::string(stores.name) + (chunks ? " in chunks" : " in shares");
    }
    [[nodiscard]] double zero(Buffer& buffer, std::size_t bytes, std::size_t threads) const {
        return chunks ? in_chunks(buffer, bytes, threads, stores) : in_shares(buffer, bytes, threads, stores);
    }
};

// The two quickest of all ways on part of the buffer, found before anything of it is measured.
using Quickest = std::array<Way, 2>;

Quickest find_quickest(Buffer& buffer, std::size_t threads) {
    constexpr std::size_t kPart = 512UL << 20;
    constexpr int kTries = 4;
    const std::size_t part = std::min(kPart, buffer.bytes());
    std::vector<std::pair<double, Way>> tried;
    for (const Stores& stores : all_stores()) {
        for (const bool chunks : {false, true}) {
            tried.push_back({std::numeric_limits<double>::infinity(), {stores, chunks}});
        }
    }
    for (int i = 0; i < kTries; ++i) {
        for (auto& [least, way] : tried) {
            least = std::min(least, way.zero(buffer, part, threads));
        }
    }
    std::ranges::sort(tried, {}, &std::pair<double, Way>::first);
    return {tried[0].second, tried[1].second};
}

const Quickest& quickest(Buffer& buffer, std::size_t threads) {
    static std::map<std::pair<Pages, std::size_t>, Quickest> known;
    const auto key = std::pair(buffer.pages(), threads);
    const auto found = known.find(key);
    return found != known.end() ? found->second
                                : known.emplace(key, find_quickest(buffer, threads)).first->second;
}

// What the memory takes is what the better of the two shows.
double by_the_quickest_ways(Buffer& buffer, std::size_t threads) {
    const auto& [one, other] = quickest(buffer, threads);
    const double seconds = one.zero(buffer, buffer.bytes(), threads);
    return std::min(seconds, other.zero(buffer, buffer.bytes(), threads));
}

struct Subject {
    const char* name;
    Pass pass;
    bool is_bandwidth = false;
};

void zero(benchmark::State& state, const Subject& subject, Pages pages, std::size_t bytes,
          std::size_t threads) {
    KeptBuffer& kept = kept_buffer(pages, bytes);
    kept.content = Content::anything;
    if (subject.is_bandwidth) {
        const auto& [one, other] = quickest(kept.buffer, threads);
        state.SetLabel(one.text() + ", " + other.text());
    }
    constexpr double kSeconds = 0.1;
    for (auto _ : state) {
        state.SetIterationTime(median_for(kSeconds, 1, [&] { return subject.pass(kept.buffer, threads); }));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

}  // namespace

void add_zeroing() {
    std::vector<Subject> subjects{{"shim", by_shim},
                                  {"memset", in_shares_by(all_stores().front())},
                                  {"bandwidth", by_the_quickest_ways, true}};
    if (all_stores().size() > 1) {
        subjects.push_back({"streaming stores", in_shares_by(all_stores().at(1))});
    }
    const std::size_t bytes = buffer_bytes();
    for (const Pages pages : {Pages::k2MiB, Pages::k1GiB}) {
        for (const std::size_t threads : thread_counts()) {
            for (const Subject& subject : subjects) {
                add(std::string("zeroing/") + subject.name + "/threads:" + std::to_string(threads) +
                        of_buffer(pages, bytes),
                    [subject, pages, bytes, threads](benchmark::State& state) {
                        zero(state, subject, pages, bytes, threads);
                    })
                    ->Iterations(1);
            }
        }
    }
}

}  // namespace bench
