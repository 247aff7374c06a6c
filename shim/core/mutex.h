// The lock for the little state that threads share.
#pragma once

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

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

// Usable before any constructor has run; never allocates.
class Mutex {
  public:
    constexpr Mutex() noexcept = default;
    void lock() noexcept { ::pthread_mutex_lock(&mutex_); }
    void unlock() noexcept { ::pthread_mutex_unlock(&mutex_); }

  private:
    pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
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
