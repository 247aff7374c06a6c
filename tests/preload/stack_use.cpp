// How much of a thread's and of a signal's stack the calls use that the shim stands before, on memory of the
// size that is the argument. Prints a line a case.

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::size_t kPage = 4096;
std::size_t bytes = 0;

char* take() {
    return static_cast<char*>(
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

void use_once() {
    ::munmap(take(), bytes);
}

// Stacks, painted to see how far down they are used.
constexpr std::size_t kStack = 256UL << 10;

std::size_t used(const char* stack) {
    return kStack - static_cast<std::size_t>(
                        std::find_if(stack, stack + kStack, [](char c) { return c != 'S'; }) - stack);
}

char* painted_stack() {
    auto* stack = static_cast<char*>(
        ::mmap(nullptr, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0));
    std::memset(stack, 'S', kStack);
    return stack;
}

std::size_t used_by_thread(void* (*task)(void*)) {
    char* stack = painted_stack();
    pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstack(&attributes, stack, kStack);
    pthread_t thread{};
    ::pthread_create(&thread, &attributes, task, nullptr);
    ::pthread_join(thread, nullptr);
    return used(stack);
}

std::size_t used_by_signal(void (*handler)(int)) {
    char* stack = painted_stack();
    stack_t alternate{};
    alternate.ss_sp = stack;
    alternate.ss_size = kStack;
    ::sigaltstack(&alternate, nullptr);
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = SA_ONSTACK;
    ::sigaction(SIGUSR1, &action, nullptr);
    ::raise(SIGUSR1);
    return used(stack);
}

}  // namespace

int main(int argc, char** argv) {
    bytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : kPage;
    const auto nothing = [](void*) -> void* { return nullptr; };
    const auto map = [](void*) -> void* {
        use_once();
        return nullptr;
    };
    const auto advise = [](void*) -> void* {
        char* memory = take();
        ::madvise(memory + kPage, bytes - kPage, MADV_DONTNEED);
        ::mlock(memory, bytes);
        ::munmap(::mremap(memory, bytes, 2 * bytes, MREMAP_MAYMOVE), 2 * bytes);
        return nullptr;
    };
    const std::size_t idle = used_by_thread(nothing);
    std::printf("first request: %zu\n", used_by_thread(map) - idle);
    std::printf("request: %zu\n", used_by_thread(map) - idle);
    std::printf("other calls: %zu\n", used_by_thread(advise) - idle);
    const std::size_t idle_signal = used_by_signal([](int) {});
    std::printf("in a handler: %zu\n", used_by_signal([](int) { use_once(); }) - idle_signal);
    return 0;
}
