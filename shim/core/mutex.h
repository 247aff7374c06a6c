// The lock for the little state that threads share.
#pragma once

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>

namespace hugepage {

// The kernel's own form of a signal mask, so that signals that the C library keeps to itself are in it too.
using SignalMask = std::uint64_t;

// Blocks every signal for the calling thread; returns what was blocked before. Keeps errno.
inline SignalMask block_signals() noexcept {
    constexpr SignalMask kAll = ~SignalMask{0};
    SignalMask before = 0;
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &kAll, &before, sizeof(before));
    return before;
}

inline void restore_signals(SignalMask before) noexcept {
    ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, nullptr, sizeof(before));
}

class SignalBlock {
  public:
    SignalBlock() noexcept : before_(block_signals()) {}
    ~SignalBlock() { restore_signals(before_); }
    SignalBlock(const SignalBlock&) = delete;
    SignalBlock& operator=(const SignalBlock&) = delete;

  private:
    SignalMask before_;
};

// Usable before any constructor has run; never allocates. A thread that holds it may lock it again: one that
// is in the middle of fork() holds the shim's locks while other libraries' fork handlers run on it. The
// child's thread is the same, which it is not for the C library's own recursive mutex.
class Mutex {
  public:
    constexpr Mutex() noexcept = default;
    void lock() noexcept {
        if (is_mine()) {
            ++again_;
            return;
        }
        ::pthread_mutex_lock(&mutex_);
        owner_.store(::pthread_self(), std::memory_order_relaxed);
    }
    void unlock() noexcept {
        if (again_ > 0) {
            --again_;
            return;
        }
        owner_.store(pthread_t{}, std::memory_order_relaxed);
        ::pthread_mutex_unlock(&mutex_);
    }
    // No other thread can make it so, or not so.
    [[nodiscard]] bool is_mine() const noexcept {
        return owner_.load(std::memory_order_relaxed) == ::pthread_self();
    }

  private:
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
    std::atomic<pthread_t> owner_{};
    int again_ = 0;  // under the lock
};

// Holds the mutex with signals blocked, so that a handler that maps memory cannot meet its own thread's lock.
class Lock {
  public:
    explicit Lock(Mutex& mutex) noexcept : mutex_(mutex) { mutex_.lock(); }
    ~Lock() { mutex_.unlock(); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    SignalBlock signals_;  // first in, last out
    Mutex& mutex_;
};

}  // namespace hugepage
