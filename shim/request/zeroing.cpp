#include "shim/request/zeroing.h"

#include "shim/base/mutex.h"
#include "shim/base/next.h"
#include "shim/base/topology.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// By the C library's own name (musl has none: then there are no helpers), which nobody stands before:
// ThreadSanitizer's clone is for processes, and hands a thread an argument that is gone when it looks.
extern "C" [[gnu::weak]] int c_library_clone(int (*function)(void*), void* stack, int flags, void* argument,
                                             ...) noexcept asm("__clone");

namespace hugepage {
namespace {

constexpr std::size_t kChunk = 8UL << 20;  // one share of the work: about 0.1 ms
constexpr std::size_t kStackBytes = 16UL << 10;

// Zeros with stores that go to memory past the caches, a cache line at a time, so that no line is read first;
// all are done before it returns. begin and length are multiples of 64. Wider stores than SSE2's were
// measured and are no faster: four of these fill a write-combining buffer just as one AVX-512 store does.
void stream_zero(std::byte* begin, std::size_t length) noexcept {
#ifdef __SSE2__
    const __m128i zero = _mm_setzero_si128();
    auto* line = reinterpret_cast<__m128i*>(begin);
    for (std::size_t lines = length / 64; lines != 0; --lines, line += 4) {
        _mm_stream_si128(line, zero);
        _mm_stream_si128(line + 1, zero);
        _mm_stream_si128(line + 2, zero);
        _mm_stream_si128(line + 3, zero);
    }
    _mm_sfence();
#else
    std::memset(begin, 0, length);  // on aarch64 the C library zeroes by cache lines (dc zva)
#endif
}

// The work of one call.
struct Job {
    std::byte* begin = nullptr;
    std::size_t length = 0;
    std::atomic<std::size_t> next{0};  // offset of the first chunk that nobody has taken

    void work() noexcept {
        for (;;) {
            const std::size_t at = next.fetch_add(kChunk, std::memory_order_relaxed);
            if (at >= length) {
                return;
            }
            stream_zero(begin + at, std::min(kChunk, length - at));
        }
    }
    static int help(void* job) noexcept {
        static_cast<Job*>(job)->work();
        return 0;
    }
};

constexpr int kMaxHelpers = 256;

// What helpers use, with their stacks behind it: one mapping, so that nothing of it can vanish before they
// do. A helper is a thread that shares the process and nothing of the C library: its thread-local data are
// the calling thread's, so it must not touch errno or anything else that is thread-local.
struct alignas(64) Crew {
    Job job;
    // Each helper's number; 0 when it is gone and needs its stack no more.
    std::array<int, kMaxHelpers> threads;

    [[nodiscard]] static std::size_t bytes(int helpers) noexcept {
        return sizeof(Crew) + static_cast<std::size_t>(helpers) * kStackBytes;
    }

    // False if the kernel gives no thread.
    bool start(int helper, const CpuSet& cpus) noexcept {
        constexpr int kFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                               CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
        int* const alive = &threads[static_cast<std::size_t>(helper)];
        std::byte* const stack_end = reinterpret_cast<std::byte*>(this) + bytes(helper + 1);
        const int thread = ::c_library_clone(&Job::help, stack_end, kFlags, &job, alive, nullptr, alive);
        if (thread < 0) {
            return false;
        }
        // The calling thread may be pinned to one CPU, and the helper inherits that. Asked from here, so that
        // the helper makes no system call; if it is refused, the helper shares the caller's CPU.
        if (cpus.count() > 0) {
            sys::call(SYS_sched_setaffinity, thread, CpuSet::kBytes, cpus.data());
        }
        return true;
    }

    // The wait is not a private one: the kernel's wake-up isn't either.
    void join(int helper) noexcept {
        int* const thread = &threads[static_cast<std::size_t>(helper)];
        const std::atomic_ref alive(*thread);
        for (int seen; (seen = alive.load(std::memory_order_acquire)) != 0;) {
            sys::call(SYS_futex, thread, FUTEX_WAIT, seen, nullptr, nullptr, 0);
        }
    }
};

int wanted_helpers(std::size_t length, const Zeroing& how) noexcept {
    if (how.helpers) {
        return *how.helpers;
    }
    const int other_cpus = std::max(how.cpus.count(), 1) - 1;
    const auto worth = static_cast<int>(std::min<std::size_t>(length / kWorthAHelper, kMostHelpers));
    return std::min(other_cpus, worth);
}

}  // namespace

CpuSet helper_cpus(NodeId node) noexcept {
    const auto of_node = Topology().cpus_of(node);
    CpuSet cpus;
    if (!of_node ||
        sys::call(SYS_sched_getaffinity, sys::call(SYS_getpid), CpuSet::kBytes, cpus.data()) < 0) {
        return of_node ? of_node.value() : CpuSet{};
    }
    cpus.intersect(of_node.value());
    return cpus;
}

int zero_memory(void* begin, std::size_t length, const Zeroing& how) noexcept {
    const bool can_have_helpers = c_library_clone != nullptr && !sys::is_filtered();
    const int wanted = can_have_helpers ? std::clamp(wanted_helpers(length, how), 0, kMaxHelpers) : 0;
    Job alone{static_cast<std::byte*>(begin), length};
    void* const memory =
        wanted == 0 ? MAP_FAILED
                    : next::kernel::mmap({nullptr, Crew::bytes(wanted), PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0});
    if (memory == MAP_FAILED) {
        alone.work();
        return 0;
    }
    auto* const crew = static_cast<Crew*>(memory);  // of zeros, as they begin
    crew->job.begin = alone.begin;
    crew->job.length = length;
    int started = 0;
    {
        const SignalBlock inherited_by_helpers;
        while (started < wanted && crew->start(started, how.cpus)) {
            ++started;
        }
    }
    crew->job.work();
    for (int i = 0; i < started; ++i) {
        crew->join(i);
    }
    next::kernel::munmap(memory, Crew::bytes(wanted));
    return started;
}

}  // namespace hugepage
