// Zeroing huge pages that are in place: by the shim's own function, by memset, and as fast as anything found
// here can write ("bandwidth").
//
//   zeroing/shim|memset|bandwidth/threads:T/pages:2 MiB|1 GiB/bytes:N
//
// N is BENCH_BYTES, or 64 MiB; the pages must be free. It runs on the CPUs that it may use.
#include "shim/request/zeroing.h"

#include <benchmark/benchmark.h>

#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#ifdef __x86_64__
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace {

using Clock = std::chrono::steady_clock;
using Store = void (*)(std::byte* begin, std::size_t length);

constexpr std::size_t kChunk = 8UL << 20;
constexpr std::size_t kLine = 64;
constexpr std::size_t kCpus = hugepage::CpuSet::kBytes * 8;

void by_memset(std::byte* begin, std::size_t length) {
    std::memset(begin, 0, length);
}

#ifdef __x86_64__
void by_streaming(std::byte* begin, std::size_t length) {
    for (std::size_t at = 0; at < length; at += sizeof(__m128i)) {
        _mm_stream_si128(reinterpret_cast<__m128i*>(begin + at), _mm_setzero_si128());
    }
    _mm_sfence();
}

[[gnu::target("clzero")]] void by_clzero(std::byte* begin, std::size_t length) {
    for (std::size_t at = 0; at < length; at += kLine) {
        _mm_clzero(begin + at);
    }
    _mm_sfence();
}

// Which not every compiler's __builtin_cpu_supports knows.
bool has_clzero() {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid(0x8000'0008, &eax, &ebx, &ecx, &edx) != 0 && (ebx & 1U) != 0;
}

void by_rep_stosb(std::byte* begin, std::size_t length) {
    asm volatile("rep stosb" : "+D"(begin), "+c"(length) : "a"(0) : "memory");
}
#endif

std::vector<Store> all_stores() {
    std::vector<Store> all{by_memset};
#ifdef __x86_64__
    all.insert(all.end(), {by_streaming, by_rep_stosb});
    if (has_clzero()) {
        all.push_back(by_clzero);
    }
#endif
    return all;
}

std::vector<int> usable_cpus() {
    hugepage::CpuSet set;
    ::syscall(SYS_sched_getaffinity, 0, hugepage::CpuSet::kBytes, set.data());
    std::vector<int> cpus;
    for (int cpu = 0; cpu < static_cast<int>(kCpus); ++cpu) {
        if (set.contains({cpu})) {
            cpus.push_back(cpu);
        }
    }
    return cpus;
}

// Each thread on a CPU of its own. Seconds from when all were ready to the end of the last.
double in_parallel(std::size_t threads, const std::function<void(std::size_t)>& work) {
    const std::vector<int> cpus = usable_cpus();
    std::barrier ready(static_cast<std::ptrdiff_t>(threads));
    std::vector<Clock::time_point> begun(threads);
    std::vector<Clock::time_point> ended(threads);
    {
        std::vector<std::jthread> crew;
        for (std::size_t i = 0; i < threads; ++i) {
            crew.emplace_back([&, i] {
                hugepage::CpuSet own;
                own.insert({cpus[i]});
                ::syscall(SYS_sched_setaffinity, 0, hugepage::CpuSet::kBytes, own.data());
                ready.arrive_and_wait();
                begun[i] = Clock::now();
                work(i);
                ended[i] = Clock::now();
            });
        }
    }
    return std::chrono::duration<double>(std::ranges::max(ended) - std::ranges::min(begun)).count();
}

struct Buffer {
    std::byte* begin = nullptr;
    std::size_t bytes = 0;

    // Each thread takes the next chunk.
    [[nodiscard]] double zero_by(Store store, std::size_t threads) const {
        std::atomic<std::size_t> next = 0;
        return in_parallel(threads, [&](std::size_t) {
            for (std::size_t at; (at = next.fetch_add(kChunk, std::memory_order_relaxed)) < bytes;) {
                store(begin + at, std::min(kChunk, bytes - at));
            }
        });
    }
};

std::size_t buffer_bytes() {
    constexpr std::size_t kDefault = 64UL << 20;
    const char* const text = std::getenv("BENCH_BYTES");
    return text == nullptr ? kDefault : std::strtoull(text, nullptr, 10);
}

// One for each page size, in place; kept until the end, for making it takes longer than zeroing it. nullptr,
// with the reason in errno, if there are no pages for it.
const Buffer* buffer_on(std::size_t page) {
    static std::map<std::size_t, Buffer> kept;
    const std::size_t bytes = buffer_bytes();
    if (kept[page].begin == nullptr) {
        const int flags =
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | std::countr_zero(page) << MAP_HUGE_SHIFT;
        void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
        if (memory == MAP_FAILED) {
            return nullptr;
        }
        kept[page] = {static_cast<std::byte*>(memory), bytes};
        static_cast<void>(kept[page].zero_by(by_memset, usable_cpus().size()));
    }
    return &kept[page];
}

double by_shim(const Buffer& buffer, std::size_t threads) {
    hugepage::Zeroing how{.helpers = static_cast<int>(threads) - 1, .cpus = {}};
    ::syscall(SYS_sched_getaffinity, 0, hugepage::CpuSet::kBytes, how.cpus.data());
    const auto start = Clock::now();
    const int helpers = hugepage::zero_memory(buffer.begin, buffer.bytes, how);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    return helpers + 1 == static_cast<int>(threads) ? seconds : 0;
}

// Found before it is measured: the least of all ways each time would be less than any of them takes.
Store find_fastest(const Buffer& buffer, std::size_t threads) {
    constexpr int kTries = 4;
    std::pair<double, Store> best{std::numeric_limits<double>::infinity(), by_memset};
    for (int i = 0; i < kTries; ++i) {
        for (const Store store : all_stores()) {
            if (const double seconds = buffer.zero_by(store, threads); seconds < best.first) {
                best = {seconds, store};
            }
        }
    }
    return best.second;
}

double by_the_fastest(const Buffer& buffer, std::size_t threads) {
    static std::map<std::pair<const Buffer*, std::size_t>, Store> known;
    const auto [found, is_new] = known.try_emplace({&buffer, threads}, by_memset);
    if (is_new) {
        found->second = find_fastest(buffer, threads);
    }
    return buffer.zero_by(found->second, threads);
}

using Pass = std::function<double(const Buffer&, std::size_t)>;  // seconds; 0: not with so many threads

void zero(benchmark::State& state, const Pass& pass, std::size_t page, std::size_t threads) {
    const Buffer* const buffer = buffer_on(page);
    if (buffer == nullptr) {
        state.SkipWithError((std::string("no pages for the buffer: ") + std::strerror(errno)).c_str());
        return;
    }
    for (auto _ : state) {
        const double seconds = pass(*buffer, threads);
        if (seconds == 0) {
            state.SkipWithError("the shim got fewer helpers than were asked for");
            break;
        }
        state.SetIterationTime(seconds);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(buffer_bytes()));
}

void add_all() {
    const std::pair<const char*, Pass> subjects[] = {
        {"shim", by_shim},
        {"memset",
         [](const Buffer& buffer, std::size_t threads) { return buffer.zero_by(by_memset, threads); }},
        {"bandwidth", by_the_fastest}};
    const std::pair<const char*, std::size_t> pages[] = {{"2 MiB", 2UL << 20}, {"1 GiB", 1UL << 30}};
    std::vector<std::size_t> counts;
    for (std::size_t count = 1; count < usable_cpus().size(); count *= 2) {
        counts.push_back(count);
    }
    counts.push_back(usable_cpus().size());
    for (const auto& [page_name, page] : pages) {
        for (const std::size_t threads : counts) {
            for (const auto& [subject, pass] : subjects) {
                const std::string name = std::string("zeroing/") + subject +
                                         "/threads:" + std::to_string(threads) + "/pages:" + page_name +
                                         "/bytes:" + std::to_string(buffer_bytes());
                benchmark::RegisterBenchmark(name.c_str(), [pass = pass, page = page,
                                                            threads](benchmark::State& state) {
                    zero(state, pass, page, threads);
                })->UseManualTime();
            }
        }
    }
}

[[maybe_unused]] const bool kAreAdded = (add_all(), true);

}  // namespace

BENCHMARK_MAIN();
