// A process forked off this one, with an owner.
#pragma once

#include <sys/types.h>

#include <functional>

namespace file_init {

// Ended, by SIGKILL if need be, and waited for at the latest in the destructor.
class Child {
  public:
    // Runs `work` in the child, which ends when that returns. Blocked signals stay blocked there. If this
    // process dies, however it does, the child is killed. Leaves no core file. Throws Failure.
    explicit Child(const std::function<void()>& work);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // Waits for its end; returns what waitpid(2) says of it.
    int wait();

  private:
    pid_t pid_;
};

}  // namespace file_init
