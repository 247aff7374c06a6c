// A program that knows nothing of the shim and allocates as its arguments say, one scenario a run. It prints
// what it saw, a line a fact; the test compares.
//
//   heap_probe names BYTES      BYTES by each of malloc's kin: what memory is it, and what is it after free?
//   heap_probe sizes BYTES      a byte more or less, silly alignments, an overflow
//   heap_probe resize BYTES     realloc from and to BYTES: what is kept, and where?
//   heap_probe sized BYTES      frees with the size told, as C23 has it
//   heap_probe errno BYTES      is errno untouched by what succeeds, and by free?
//   heap_probe failing BYTES    what is said when there is to be no memory (HUGEPAGE_MODE=require, no file)
//   heap_probe fork BYTES       a child frees what its parent allocated; is it still the parent's?
//   heap_probe grown BYTES      a child makes it larger by realloc: has it the content?
//   heap_probe begin BYTES      where does a page begin, and is the memory advised to be of huge pages?
//   heap_probe mapped BYTES     frees memory that another allocator has got by mmap from the shim
//   heap_probe threads BYTES N  N threads allocate, fill, resize, check and free at once

#include "tests/preload/memory_facts.h"

#include <malloc.h>

#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace {

using probes::describe;
using probes::is_all;
using probes::is_zero;

// Through pointers that the compiler can't see behind: it knows what these functions do, and would leave out
// what has no effect that a program may rely on.
void* (*volatile const v_malloc)(std::size_t) = &std::malloc;
void* (*volatile const v_calloc)(std::size_t, std::size_t) = &std::calloc;
void* (*volatile const v_realloc)(void*, std::size_t) = &std::realloc;
void* (*volatile const v_reallocarray)(void*, std::size_t, std::size_t) = &::reallocarray;
void (*volatile const v_free)(void*) = &std::free;
int (*volatile const v_posix_memalign)(void**, std::size_t, std::size_t) = &::posix_memalign;
void* (*volatile const v_aligned_alloc)(std::size_t, std::size_t) = &::aligned_alloc;
void* (*volatile const v_memalign)(std::size_t, std::size_t) = &::memalign;
std::size_t (*volatile const v_usable)(void*) = &::malloc_usable_size;

void* by_posix_memalign(std::size_t alignment, std::size_t bytes) {
    void* memory = nullptr;
    return v_posix_memalign(&memory, alignment, bytes) == 0 ? memory : nullptr;
}

char* fresh(std::size_t bytes) {
    return static_cast<char*>(v_malloc(bytes));
}

// Most allocators begin a large block with a page's header or none: its last byte is in it either way.
int names(std::size_t bytes) {
    const auto show = [&](const char* name, void* block) {
        auto* memory = static_cast<char*>(block);
        const bool zero = is_zero(memory, bytes);
        std::memset(memory, 0x5a, bytes);
        std::printf("%s: %s, %s, usable: %d, ", name, describe(memory + bytes - 1).c_str(),
                    zero ? "zero" : "dirty", v_usable(memory) == bytes);
        v_free(memory);
        std::printf("freed: %s\n", describe(memory + bytes - 1).c_str());
    };
    show("malloc", v_malloc(bytes));
    show("calloc", v_calloc(1, bytes));
    show("calloc of parts", v_calloc(bytes / 32, 32));
    show("realloc", v_realloc(nullptr, bytes));
    show("reallocarray", v_reallocarray(nullptr, bytes / 32, 32));
    show("posix_memalign", by_posix_memalign(64, bytes));
    show("aligned_alloc", v_aligned_alloc(4096, bytes));
    show("memalign", v_memalign(1, bytes));
    return 0;
}

int sizes(std::size_t bytes) {
    const auto show = [&](const char* name, void* memory) {
        std::printf("%s: %s\n", name, memory == nullptr ? "none" : describe(memory).c_str());
        v_free(memory);
    };
    show("a byte more", v_malloc(bytes + 1));
    show("a byte less", v_calloc(1, bytes - 1));
    show("too many", v_calloc(SIZE_MAX / 2, 4));
    show("that many by overflow", v_calloc(bytes / 2 + SIZE_MAX / 4 + 1, 4));  // 2 * bytes, and 2^64
    show("too many for reallocarray", v_reallocarray(nullptr, SIZE_MAX / 2, 4));
    show("alignment 3", by_posix_memalign(3, bytes));
    show("alignment 4", by_posix_memalign(4, bytes));
    constexpr std::size_t kGigabyte = 1UL << 30;
    void* aligned = v_aligned_alloc(kGigabyte, bytes);
    std::printf("alignment 1 GiB: %d\n", reinterpret_cast<std::uintptr_t>(aligned) % kGigabyte == 0);
    v_free(aligned);
    v_free(nullptr);
    std::printf("usable of null: %zu\n", v_usable(nullptr));
    return 0;
}

int resize(std::size_t bytes) {
    const auto show = [](const char* name, char* memory, std::size_t kept) {
        std::printf("%s: %s, kept: %d\n", name, describe(memory + kept - 1).c_str(),
                    is_all(memory, 'x', kept));
    };
    char* memory = fresh(1000);
    std::memset(memory, 'x', 1000);
    memory = static_cast<char*>(v_realloc(memory, bytes));
    show("from little", memory, 1000);
    std::memset(memory, 'x', bytes);
    char* same = static_cast<char*>(v_realloc(memory, bytes));
    std::printf("the same: %d\n", same == memory);
    same = static_cast<char*>(v_realloc(memory, bytes / 2 + 1));
    std::printf("more than half: %d, usable: %d\n", same == memory, v_usable(memory) == bytes);
    char* larger = static_cast<char*>(v_realloc(memory, bytes + 1));
    show("a byte more", larger, bytes);
    memory = static_cast<char*>(v_realloc(larger, bytes));
    show("and back", memory, bytes);
    memory = static_cast<char*>(v_reallocarray(memory, 2, bytes));
    show("reallocarray twice", memory, bytes);
    memory = static_cast<char*>(v_realloc(memory, bytes));
    show("and back", memory, bytes);
    memory = static_cast<char*>(v_realloc(memory, bytes / 2));
    show("half", memory, bytes / 2);
    v_free(memory);
    memory = fresh(bytes);
    std::printf("to nothing: %d\n", v_realloc(memory, 0) == nullptr);
    std::printf("then: %s\n", describe(memory).c_str());
    return 0;
}

// By name: older C libraries have neither.
int freed_with_size(std::size_t bytes) {
    auto* const sized = reinterpret_cast<void (*)(void*, std::size_t)>(::dlsym(RTLD_DEFAULT, "free_sized"));
    auto* const aligned = reinterpret_cast<void (*)(void*, std::size_t, std::size_t)>(
        ::dlsym(RTLD_DEFAULT, "free_aligned_sized"));
    if (sized == nullptr || aligned == nullptr) {
        std::puts("no such functions");
        return 1;
    }
    sized(fresh(100), 100);
    const auto show = [&](const char* name, char* memory, auto free_it) {
        std::printf("%s: %s", name, describe(memory).c_str());
        free_it(memory);
        std::printf(", freed: %s\n", describe(memory).c_str());
    };
    show("free_sized", fresh(bytes), [&](char* memory) { sized(memory, bytes); });
    show("free_aligned_sized", static_cast<char*>(v_aligned_alloc(4096, bytes)),
         [&](char* memory) { aligned(memory, 4096, bytes); });
    return 0;
}

int keeps_errno(std::size_t bytes) {
    errno = EDOM;
    char* memory = fresh(bytes);
    std::printf("malloc: %d\n", errno == EDOM);
    memory = static_cast<char*>(v_realloc(memory, bytes + 1));
    memory = static_cast<char*>(v_realloc(memory, bytes));
    std::printf("realloc: %d\n", errno == EDOM);
    v_free(memory);
    std::printf("free: %d\n", errno == EDOM);
    return 0;
}

int failing(std::size_t bytes) {
    const auto show = [](const char* name, const void* memory) {
        std::printf("%s: %d %d\n", name, memory == nullptr, errno == ENOMEM);
        errno = 0;
    };
    errno = 0;
    show("malloc", v_malloc(bytes));
    show("calloc", v_calloc(bytes, 1));
    char* small = fresh(100);
    std::memset(small, 'x', 100);
    show("realloc", v_realloc(small, bytes));
    std::printf("its old memory: %d\n", is_all(small, 'x', 100));
    void* memory = nullptr;
    const int code = v_posix_memalign(&memory, 64, bytes);
    std::printf("posix_memalign: %d %d\n", code == ENOMEM, errno == 0);
    return 0;
}

// What the child says is its exit status.
template <class Work>
int in_child(std::size_t bytes, Work work) {
    char* const memory = fresh(bytes);
    std::memset(memory, 'p', bytes);
    const pid_t child = ::fork();
    if (child == 0) {
        const int said = work(memory);
        char* own = fresh(bytes);
        std::memset(own, 'c', bytes);
        v_free(own);
        ::_exit(said);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    std::printf("child: %s\nparent: %s, kept: %d\n",
                WIFEXITED(status) ? std::to_string(WEXITSTATUS(status)).c_str() : "killed",
                describe(memory).c_str(), is_all(memory, 'p', bytes));
    v_free(memory);
    return 0;
}

int freed_in_child(std::size_t bytes) {
    return in_child(bytes, [](char* memory) {
        v_free(memory);
        return 0;
    });
}

int grown_in_child(std::size_t bytes) {
    return in_child(bytes, [bytes](char* memory) {
        auto* const larger = static_cast<char*>(v_realloc(memory, bytes + 4096));
        const bool kept = is_all(larger, 'p', bytes);
        std::memset(larger, 'c', bytes + 4096);
        v_free(larger);
        return kept ? 1 : 0;
    });
}

int begin(std::size_t bytes) {
    char* const memory = static_cast<char*>(v_calloc(bytes, 1));
    const bool huge = probes::mapping_of(memory + bytes / 2).flags.find(" hg ") != std::string::npos;
    std::printf("%zu past a page; %s\n", reinterpret_cast<std::uintptr_t>(memory) % 4096,
                huge ? "advised to be huge" : "not advised");
    v_free(memory);
    return 0;
}

// The allocator of the test (counting_allocator.cpp) takes its memory from mappings of half the size.
int frees_mapped(std::size_t bytes) {
    auto* const last_freed = static_cast<void**>(::dlsym(RTLD_DEFAULT, "last_freed"));
    if (last_freed == nullptr) {
        std::puts("no counting allocator");
        return 1;
    }
    std::vector<void*> blocks;
    void* first = nullptr;
    while (first == nullptr) {  // the first block of a mapping is at a page
        blocks.push_back(v_malloc(bytes / 4));
        first = reinterpret_cast<std::uintptr_t>(blocks.back()) % 4096 == 0 ? blocks.back() : nullptr;
    }
    std::printf("block: %s\n", describe(first).c_str());
    v_free(first);
    const bool freed = *last_freed == first;
    std::printf("freed by its own: %d\nblock: %s\n", freed, describe(first).c_str());
    return 0;
}

int threads(std::size_t bytes, int count) {
    std::vector<std::thread> crowd;
    std::vector<int> wrong(static_cast<std::size_t>(count), 0);
    for (int id = 0; id < count; ++id) {
        crowd.emplace_back([&faults = wrong[static_cast<std::size_t>(id)], id, bytes] {
            const char mine = static_cast<char>(id + 1);
            for (int round = 0; round < 20; ++round) {
                auto* memory = static_cast<char*>(v_calloc(1, bytes));
                faults += is_zero(memory, bytes) ? 0 : 1;
                std::memset(memory, mine, bytes);
                memory = static_cast<char*>(v_realloc(memory, bytes + 4096));
                faults += is_all(memory, mine, bytes) ? 0 : 1;
                memory = static_cast<char*>(v_realloc(memory, bytes));
                faults += is_all(memory, mine, bytes) ? 0 : 1;
                v_free(memory);
            }
        });
    }
    int faults = 0;
    for (int id = 0; id < count; ++id) {
        crowd[static_cast<std::size_t>(id)].join();
        faults += wrong[static_cast<std::size_t>(id)];
    }
    std::printf("faults: %d\n", faults);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string scenario = argc > 1 ? argv[1] : "";
    const std::size_t bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (bytes == 0) {
        return 2;
    }
    if (scenario == "names") return names(bytes);
    if (scenario == "sizes") return sizes(bytes);
    if (scenario == "resize") return resize(bytes);
    if (scenario == "sized") return freed_with_size(bytes);
    if (scenario == "errno") return keeps_errno(bytes);
    if (scenario == "failing") return failing(bytes);
    if (scenario == "fork") return freed_in_child(bytes);
    if (scenario == "grown") return grown_in_child(bytes);
    if (scenario == "begin") return begin(bytes);
    if (scenario == "mapped") return frees_mapped(bytes);
    if (scenario == "threads") return threads(bytes, argc > 3 ? std::atoi(argv[3]) : 0);
    return 2;
}
