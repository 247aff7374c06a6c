// Reading 32 bytes at random places of a buffer: places that are computed, so that many reads are on their
// way at once, and a chain, in which each read says where the next one is.
#include "bench/memory/chain.h"
#include "bench/memory/memory.h"
#include "bench/support/benchmarks.h"
#include "bench/support/cpus.h"
#include "bench/support/timing.h"

#include <sys/resource.h>

#include <bit>
#include <cstdint>
#include <string>

namespace bench {
namespace {

constexpr std::uint64_t kReads = 1 << 14;  // in a batch
constexpr double kSeconds = 0.1;           // of batches, of which the middle one counts
constexpr std::size_t kFewestBatches = 5;

unsigned bits_of(std::size_t slots) {
    if (!std::has_single_bit(slots)) {
        throw Missing("BENCH_BYTES must be a power of two");
    }
    return static_cast<unsigned>(std::countr_zero(slots));
}

// Where it goes on, and what was read, so that nothing is left out.
struct Reader {
    const Slot* slots;
    unsigned bits;
    std::uint64_t at =
        1;  // goes on from one batch to the next: no place is in a cache by having been read lately
    std::uint64_t sum = 0;
};

// The high bits of a generator modulo 2^64 are the place. Made of a multiplication and an addition, it is far
// ahead of the memory.
void read_at_random(Reader& reader) {
    std::uint64_t at = reader.at;
    std::uint64_t sum = 0;
    const unsigned shift = 64 - reader.bits;
    for (std::uint64_t i = 0; i < kReads; ++i) {
        at = at * 6364136223846793005 + 1442695040888963407;
        sum += reader.slots[at >> shift].next();
    }
    reader.at = at;
    reader.sum += sum;
}

void follow_chain(Reader& reader) {
    std::uint64_t at = reader.at & ((std::uint64_t{1} << reader.bits) - 1);
    for (std::uint64_t i = 0; i < kReads; ++i) {
        at = reader.slots[at].next();
    }
    reader.at = at;
    reader.sum += at;
}

long page_faults() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

void fill(KeptBuffer& kept) {
    const std::size_t count = kept.buffer.bytes() / sizeof(Slot);
    const Order order(bits_of(count));
    auto* const slots = reinterpret_cast<Slot*>(kept.buffer.begin());
    crew().run(crew().size(), [&](std::size_t i) {
        const Share share = share_of(count, i, crew().size(), 1);
        write_chain(slots, order, share.begin, share.begin + share.length);
    });
    kept.content = Content::chain;
}

// By a thread of the crew, which stays on its CPU.
double seconds_of_a_read(Reader& reader, void (*read)(Reader&)) {
    constexpr long kFewFaults = 8;
    double seconds = 0;
    crew().run(1, [&](std::size_t) {
        read(reader);
        const long before = page_faults();
        seconds = median_for(kSeconds, kFewestBatches, [&] { return seconds_of([&] { read(reader); }); });
        if (const long faults = page_faults() - before; faults > kFewFaults) {
            throw Missing("there were " + std::to_string(faults) + " page faults amid the reads");
        }
    });
    return seconds / kReads;
}

void measure(benchmark::State& state, void (*read)(Reader&), Pages pages, std::size_t bytes) {
    KeptBuffer& kept = kept_buffer(pages, bytes);
    if (kept.content != Content::chain) {
        fill(kept);
    }
    static std::uint64_t last_place = 1;  // other repetitions have read elsewhere
    const std::size_t count = bytes / sizeof(Slot);
    Reader reader{reinterpret_cast<const Slot*>(kept.buffer.begin()), bits_of(count), last_place};
    for (auto _ : state) {
        state.SetIterationTime(seconds_of_a_read(reader, read));
    }
    benchmark::DoNotOptimize(reader.sum);
    last_place = reader.at;
}

struct Subject {
    const char* name;
    void (*read)(Reader&);
};
constexpr Subject kSubjects[] = {{"random", read_at_random}, {"dependent", follow_chain}};

}  // namespace

void add_reads() {
    const std::size_t bytes = buffer_bytes();
    for (const Pages pages : kAllPages) {
        for (const auto& [subject, read] : kSubjects) {
            add(std::string("reads/") + subject + of_buffer(pages, bytes), [read = read, pages,
                                                                            bytes](benchmark::State& state) {
                measure(state, read, pages, bytes);
            })->Iterations(1);
        }
    }
}

}  // namespace bench
