// How long a buffer takes from mmap to memory that is zero, in place and locked, as a sealer asks for it; and
// how long it takes to give it back. Plain and served in one run of one program: the plain buffer is one page
// larger than the pool's files, so the preloaded shim passes it on.

#include <benchmark/benchmark.h>

#include <sys/mman.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void* map(std::size_t bytes) {
    return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void take(benchmark::State& state, std::size_t bytes) {
    double release = 0;
    for (auto _ : state) {
        const auto start = Clock::now();
        void* memory = map(bytes);
        if (memory == MAP_FAILED || ::mlock(memory, bytes) != 0) {
            state.SkipWithError(std::strerror(errno));
            return;
        }
        state.SetIterationTime(seconds_since(start));
        benchmark::DoNotOptimize(*static_cast<volatile char*>(memory));
        const auto mapped = Clock::now();
        ::munmap(memory, bytes);
        release += seconds_since(mapped);
    }
    state.counters["munmap_ms"] = benchmark::Counter(release * 1e3, benchmark::Counter::kAvgIterations);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void plain(benchmark::State& state) {
    take(state, static_cast<std::size_t>(state.range(0)) + 4096);
}

void served(benchmark::State& state) {
    take(state, static_cast<std::size_t>(state.range(0)));
}

BENCHMARK(plain)->Arg(1L << 30)->Iterations(5)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(served)->Arg(1L << 30)->Iterations(5)->UseManualTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
