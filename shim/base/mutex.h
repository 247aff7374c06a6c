// The lock for the little state that threads share, and what is held with it: all signals blocked.
#pragma once

#include "shim/base/sys.h"

#include <linux/futex.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <ctime>

namespace hugepage {

using SignalMask = std::uint64_t;  // the kernel's own form

// Blocks every signal for the calling thread, also those that the C library keeps to itself, as the kernel
// does within a system call: no handler, longjmp or cancellation meets a lock that is held or a region that
// is half made. Keeps errno.
class SignalBlock {
  public:
    SignalBlock() noexcept { set(~SignalMask{0}, &before_); }
    ~SignalBlock() { set(before_, nullptr); }
    SignalBlock(const SignalBlock&) = delete;
    SignalBlock& operator=(const SignalBlock&) = delete;

    // Calls it with the signals as they were.
    template <class Wait>
    void open_for(Wait wait) const noexcept {
        set(before_, nullptr);
        wait();
        set(~SignalMask{0}, nullptr);
    }

  private:
    static void set(SignalMask mask, SignalMask* before) noexcept {
        sys::call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, before, sizeof(mask));
    }

    SignalMask before_ = 0;
};

// Unlocked where it is all zero, as in memory that the kernel has wiped for a child. Usable before any
// constructor has run; never allocates. Held with signals blocked.
class Mutex {
  public:
    void lock() noexcept { static_cast<void>(lock(nullptr)); }
    // For what is held across system calls, in which the kernel may end the thread that holds it: by a
    // filter, or with a child that shares the memory. It is taken over from a thread that is no more; also
    // from one that has not let go for twenty seconds, since a child that nobody has waited for seems to be
    // there. `thread` is the calling one's number.
    void lock_or_take_over(int thread) noexcept {
        constexpr timespec kPatience{2, 0};
        constexpr int kMostTries = 10;
        for (int tries = 1; !lock(&kPatience) && !has_taken_over(thread) && tries < kMostTries; ++tries) {
        }
        holder_.store(thread, std::memory_order_relaxed);
    }
    void unlock() noexcept {
        holder_.store(0, std::memory_order_relaxed);
        if (state_.exchange(kFree, std::memory_order_release) == kWaitedFor) {
            futex(FUTEX_WAKE_PRIVATE, 1);
        }
    }

  private:
    enum : int { kFree, kTaken, kWaitedFor };
    // False if somebody else has it after that time.
    bool lock(const timespec* patience) noexcept {
        int seen = kFree;
        if (state_.compare_exchange_strong(seen, kTaken, std::memory_order_acquire)) {
            return true;
        }
        int code = 0;
        while (state_.exchange(kWaitedFor, std::memory_order_acquire) != kFree) {
            if (code == ETIMEDOUT) {
                return false;
            }
            code = futex(FUTEX_WAIT_PRIVATE, kWaitedFor, patience);
        }
        return true;
    }
    // From a thread that is no more; of those that wait, one does.
    bool has_taken_over(int thread) noexcept {
        const ErrnoGuard guard;
        int holder = holder_.load(std::memory_order_relaxed);
        return holder != 0 && sys::call(SYS_tkill, holder, 0) != 0 && errno == ESRCH &&
               holder_.compare_exchange_strong(holder, thread, std::memory_order_acquire);
    }
    int futex(int operation, int value, const timespec* patience = nullptr) noexcept {
        const ErrnoGuard guard;
        return sys::call(SYS_futex, &state_, operation, value, patience, nullptr, 0) < 0 ? errno : 0;
    }

    std::atomic<int> state_{kFree};
    std::atomic<int> holder_{0};  // by its thread's number, of lock_or_take_over
};

// Holds it until the end of the scope, if there is one. With the thread's number, it may be taken over.
class Held {
  public:
    explicit Held(Mutex* mutex) noexcept : mutex_(mutex) {
        if (mutex_ != nullptr) {
            mutex_->lock();
        }
    }
    Held(Mutex& mutex, int thread) noexcept : mutex_(&mutex) { mutex.lock_or_take_over(thread); }
    ~Held() {
        if (mutex_ != nullptr) {
            mutex_->unlock();
        }
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

  private:
    Mutex* mutex_;
};

}  // namespace hugepage
