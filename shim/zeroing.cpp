#include "shim/zeroing.h"

#include "shim/core/mutex.h"
#include "shim/next.h"
#include "shim/stream_zero.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

// By the C library's own name, which nobody stands before: ThreadSanitizer's clone is for processes, and
// hands a thread an argument that is gone when it looks.
extern "C" int c_library_clone(int (*function)(void*), void* stack, int flags, void* argument, ...) noexcept
    asm("__clone");

namespace hugepage {
namespace {

constexpr std::size_t kChunk = 8UL << 20;          // one share of the work: about 0.1 ms
constexpr std::size_t kWorthAHelper = 8 * kChunk;  // making a thread costs some tens of microseconds
constexpr std::size_t kStackBytes = 16UL << 10;

// What the threads of one call share. Lives on the calling thread's stack until the last helper is gone.
struct Job {
    std::byte* begin;
    std::size_t length;
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
};

// A thread that shares the process and nothing of the C library: its thread-local data are the calling
// thread's, so it must not touch errno or anything else that is thread-local.
class Helper {
  public:
    // False if the kernel gives no thread.
    bool start(Job& job, std::byte* stack, const CpuSet& cpus) noexcept {
        constexpr int kFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                               CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
        const int thread =
            ::c_library_clone(&run, stack + kStackBytes, kFlags, &job, &alive_, nullptr, &alive_);
        if (thread < 0) {
            return false;
        }
        // The calling thread may be pinned to one CPU, and the helper inherits that. Asked from here, so that
        // the helper makes no system call; if it is refused, the helper shares the caller's CPU.
        if (cpus.count() > 0) {
            ::syscall(SYS_sched_setaffinity, thread, CpuSet::kBytes, cpus.data());
        }
        return true;
    }

    // The kernel clears alive_ when the thread is gone and needs its stack no more. The wait is not a private
    // one: the kernel's wake-up isn't either.
    void join() noexcept {
        for (int seen; (seen = alive().load(std::memory_order_acquire)) != 0;) {
            ::syscall(SYS_futex, &alive_, FUTEX_WAIT, seen, nullptr, nullptr, 0);
        }
    }

  private:
    static int run(void* job) noexcept {
        static_cast<Job*>(job)->work();
        return 0;
    }
    [[nodiscard]] std::atomic_ref<int> alive() noexcept { return std::atomic_ref(alive_); }

    int alive_ = 0;  // the thread's id, then 0
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

int zero_memory(void* begin, std::size_t length, const Zeroing& how) noexcept {
    constexpr int kMaxHelpers = 256;
    Job job{static_cast<std::byte*>(begin), length};
    const int wanted = std::clamp(wanted_helpers(length, how), 0, kMaxHelpers);
    const std::size_t stacks_bytes = static_cast<std::size_t>(wanted) * kStackBytes;
    void* stacks = MAP_FAILED;
    if (wanted > 0) {
        stacks = next::kernel::mmap({nullptr, stacks_bytes, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0});
    }
    std::array<Helper, kMaxHelpers> helpers;
    int started = 0;
    if (stacks != MAP_FAILED) {
        const SignalBlock inherited_by_helpers;
        auto* stack = static_cast<std::byte*>(stacks);
        while (started < wanted && helpers[static_cast<std::size_t>(started)].start(job, stack, how.cpus)) {
            stack += kStackBytes;
            ++started;
        }
    }
    job.work();
    for (int i = 0; i < started; ++i) {
        helpers[static_cast<std::size_t>(i)].join();
    }
    if (stacks != MAP_FAILED) {
        next::kernel::munmap(stacks, stacks_bytes);
    }
    return started;
}

}  // namespace hugepage
