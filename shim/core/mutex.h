// The lock for the little state that threads share.
#pragma once

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

namespace hugepage {

// Blocks every signal for the thread while it lives, those included that the C library keeps to itself. Keeps
// errno.
class SignalBlock {
  public:
    SignalBlock() noexcept {
        constexpr std::uint64_t kAll = ~std::uint64_t{0};
        ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &kAll, &before_, sizeof(before_));
    }
    ~SignalBlock() { ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before_, nullptr, sizeof(before_)); }
    SignalBlock(const SignalBlock&) = delete;
    SignalBlock& operator=(const SignalBlock&) = delete;

  private:
    std::uint64_t before_ = 0;
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
