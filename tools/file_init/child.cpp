#include "tools/file_init/child.h"

#include "tools/common/failure.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <utility>

namespace file_init {

Child::Child(const std::function<void()>& work) {
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) {
        throw tools::system_failure("start a process", errno);
    }
    if (pid_ > 0) {
        return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    // The parent may have died before that took effect.
    if (::getppid() != parent) {
        ::_exit(EXIT_FAILURE);
    }
    ::prctl(PR_SET_DUMPABLE, 0);
    // A page that cannot be had is to end the child with just this signal, whoever handled it in the parent.
    ::signal(SIGBUS, SIG_DFL);
    work();
    ::_exit(EXIT_SUCCESS);
}

Child::~Child() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        wait();
    }
}

int Child::wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return status;
}

}  // namespace file_init
