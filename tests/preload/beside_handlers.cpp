// A program that forks where other libraries have fork handlers, one scenario a run. It prints what it saw;
// the test compares.
//
//   beside_handlers once BYTES  forks with memory of so much; the child asks for as much
//   beside_handlers lock BYTES  forks again and again while a thread maps under lock_holder.cpp's lock

#include "tests/preload/asking.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

namespace {

using probes::take;
using probes::use_once;

std::size_t bytes = 0;

int fork_once() {
    char* memory = take(bytes);
    std::memset(memory, 'p', bytes);
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(use_once(bytes, 'c'));
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    std::printf("child: %d\n", status);
    return ::munmap(memory, bytes);
}

int forks_beside_a_lock() {
    auto* const map_and_unmap =
        reinterpret_cast<void (*)(std::size_t)>(::dlsym(RTLD_DEFAULT, "map_and_unmap_under_lock"));
    if (map_and_unmap == nullptr) {
        std::puts("no library with a lock");
        return 1;
    }
    std::atomic<bool> done{false};
    std::thread mapper([&] {
        while (!done) {
            map_and_unmap(bytes);
            ::usleep(100);  // a lock isn't fair: who waits for it is to have his turn
        }
    });
    int failed = 0;
    for (int i = 0; i < 300; ++i) {
        const pid_t child = ::fork();
        if (child == 0) {
            map_and_unmap(bytes);
            ::_exit(0);
        }
        int status = -1;
        ::waitpid(child, &status, 0);
        failed += status == 0 ? 0 : 1;
    }
    done = true;
    mapper.join();
    std::printf("failed: %d\n", failed);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view scenario = argc > 1 ? argv[1] : "";
    bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (bytes == 0) {
        return 2;
    }
    if (scenario == "once") return fork_once();
    if (scenario == "lock") return forks_beside_a_lock();
    return 2;
}
