#include "bench/calls/passing.h"

#include "bench/support/benchmarks.h"
#include "bench/support/timing.h"

#include <dlfcn.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <map>
#include <utility>

namespace bench {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kCalls = 64;  // in a batch
constexpr double kRoundSeconds = 0.02;
constexpr std::size_t kFewestBatches = 20;
constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;

// One way to the calls.
struct Calls {
    void* (*mmap)(void*, std::size_t, int, int, int, off_t);
    void* (*mmap64)(void*, std::size_t, int, int, int, off64_t);
    int (*munmap)(void*, std::size_t);
    void* (*mremap)(void*, std::size_t, std::size_t, int, ...);
    int (*mprotect)(void*, std::size_t, int);
    int (*madvise)(void*, std::size_t, int);
    int (*posix_madvise)(void*, std::size_t, int);
    int (*mlock)(const void*, std::size_t);
    int (*mlock2)(const void*, std::size_t, unsigned);
    int (*munlock)(const void*, std::size_t);
    int (*mlockall)(int);
    int (*munlockall)();
    int (*msync)(void*, std::size_t, int);
    int (*mincore)(void*, std::size_t, unsigned char*);
};

// The function of that name, which must be the shim's or the C library's, as the way says.
template <class Function>
void find(Function*& function, const std::string& way, const char* name) {
    static void* const libc = ::dlopen("libc.so.6", RTLD_NOLOAD | RTLD_LAZY);
    const bool is_shim = way == "shim";
    void* const found = ::dlsym(is_shim ? RTLD_DEFAULT : libc, name);
    Dl_info where{};
    if (found == nullptr || ::dladdr(found, &where) == 0) {
        throw Missing(std::string("there is no ") + name);
    }
    const std::string file = std::filesystem::path(where.dli_fname).filename();
    if (file.starts_with("libhugepage_shim") != is_shim) {
        throw Missing(std::string(name) + " by way of " + way + " is that of " + file);
    }
    function = reinterpret_cast<Function*>(found);
}

Calls calls_by(const std::string& way) {
    Calls calls{};
    find(calls.mmap, way, "mmap");
    find(calls.mmap64, way, "mmap64");
    find(calls.munmap, way, "munmap");
    find(calls.mremap, way, "mremap");
    find(calls.mprotect, way, "mprotect");
    find(calls.madvise, way, "madvise");
    find(calls.posix_madvise, way, "posix_madvise");
    find(calls.mlock, way, "mlock");
    find(calls.mlock2, way, "mlock2");
    find(calls.munlock, way, "munlock");
    find(calls.mlockall, way, "mlockall");
    find(calls.munlockall, way, "munlockall");
    find(calls.msync, way, "msync");
    find(calls.mincore, way, "mincore");
    return calls;
}

const Calls& libc() {
    static const Calls calls = calls_by("libc");
    return calls;
}

void expect(bool done) {
    if (!done) {
        throw Missing(std::string("a call failed: ") + std::strerror(errno));
    }
}

// Pages that the calls are about, with nothing mapped behind each of them.
struct Ground {
    std::array<char*, kCalls> pages{};

    Ground() {
        void* const whole = libc().mmap(nullptr, 2 * kCalls * kPage, kReadWrite, kPrivate, -1, 0);
        expect(whole != MAP_FAILED);
        for (std::size_t i = 0; i < kCalls; ++i) {
            pages[i] = static_cast<char*>(whole) + 2 * i * kPage;
            *static_cast<volatile char*>(pages[i]) = 1;
            expect(libc().munmap(pages[i] + kPage, kPage) == 0);
        }
    }
};

// Seconds of one of the calls. What each returns is looked at afterwards.
template <class Result, class Call>
double batch(Result failed, Call&& call) {
    std::array<Result, kCalls> results{};
    const double seconds = seconds_of([&] {
        for (std::size_t i = 0; i < kCalls; ++i) {
            results[i] = call(i);
        }
    });
    for (const Result result : results) {
        expect(result != failed);
    }
    return seconds / kCalls;
}

template <class Map>
double map_batch(Map map, std::size_t bytes, int more_flags = 0) {
    std::array<void*, kCalls> mapped{};
    const double seconds = batch<void*>(MAP_FAILED, [&](std::size_t i) {
        return mapped[i] = map(nullptr, bytes, kReadWrite, kPrivate | more_flags, -1, 0);
    });
    for (void* const memory : mapped) {
        expect(libc().munmap(memory, bytes) == 0);
    }
    return seconds;
}

double munmap_batch(const Calls& by) {
    std::array<void*, kCalls> mapped{};
    for (void*& memory : mapped) {
        memory = libc().mmap(nullptr, kPage, kReadWrite, kPrivate, -1, 0);
        expect(memory != MAP_FAILED);
    }
    return batch(-1, [&](std::size_t i) { return by.munmap(mapped[i], kPage); });
}

// Each grows by a page and shrinks again, in its place.
double mremap_batch(const Calls& by, const Ground& ground) {
    return batch<void*>(MAP_FAILED, [&](std::size_t i) {
        const std::size_t pages = 1 + i % 2;
        return by.mremap(ground.pages[i / 2], pages * kPage, (3 - pages) * kPage, 0);
    });
}

double mlockall_batch(const Calls& by) {
    const double seconds = batch(-1, [&](std::size_t) { return by.mlockall(MCL_FUTURE | MCL_ONFAULT); });
    expect(libc().munlockall() == 0);
    return seconds;
}

template <class Lock>
double lock_batch(Lock&& lock, const Ground& ground) {
    const double seconds = batch(-1, [&](std::size_t i) { return lock(ground.pages[i]); });
    for (char* const page : ground.pages) {
        expect(libc().munlock(page, kPage) == 0);
    }
    return seconds;
}

double munlock_batch(const Calls& by, const Ground& ground) {
    for (char* const page : ground.pages) {
        expect(libc().mlock(page, kPage) == 0);
    }
    return batch(-1, [&](std::size_t i) { return by.munlock(ground.pages[i], kPage); });
}

using Batch = double (*)(const Calls& by, const Ground& ground);

const std::map<std::string, Batch>& batches() {
    static const std::map<std::string, Batch> all{
        {"mmap", [](const Calls& by, const Ground&) { return map_batch(by.mmap, kPage); }},
        {"mmap of 1 GiB",
         [](const Calls& by, const Ground&) { return map_batch(by.mmap, 1UL << 30, MAP_NORESERVE); }},
        {"mmap64", [](const Calls& by, const Ground&) { return map_batch(by.mmap64, kPage); }},
        {"munmap", [](const Calls& by, const Ground&) { return munmap_batch(by); }},
        {"mremap", mremap_batch},
        {"mprotect",
         [](const Calls& by, const Ground& ground) {
             return batch(-1, [&](std::size_t i) {
                 return by.mprotect(ground.pages[i / 2], kPage, i % 2 == 0 ? PROT_READ : kReadWrite);
             });
         }},
        {"madvise",
         [](const Calls& by, const Ground& ground) {
             return batch(-1, [&](std::size_t i) { return by.madvise(ground.pages[i], kPage, MADV_COLD); });
         }},
        {"posix_madvise",
         [](const Calls& by, const Ground& ground) {
             return batch(1, [&](std::size_t i) {
                 return by.posix_madvise(ground.pages[i], kPage, POSIX_MADV_NORMAL) == 0 ? 0 : 1;
             });
         }},
        {"mlock",
         [](const Calls& by, const Ground& ground) {
             return lock_batch([&](char* page) { return by.mlock(page, kPage); }, ground);
         }},
        {"mlock2",
         [](const Calls& by, const Ground& ground) {
             return lock_batch([&](char* page) { return by.mlock2(page, kPage, 0); }, ground);
         }},
        {"munlock", munlock_batch},
        {"mlockall", [](const Calls& by, const Ground&) { return mlockall_batch(by); }},
        {"munlockall", [](const Calls& by,
                          const Ground&) { return batch(-1, [&](std::size_t) { return by.munlockall(); }); }},
        {"msync",
         [](const Calls& by, const Ground& ground) {
             return batch(-1, [&](std::size_t i) { return by.msync(ground.pages[i], kPage, MS_ASYNC); });
         }},
        {"mincore",
         [](const Calls& by, const Ground& ground) {
             unsigned char residence = 0;
             return batch(-1, [&](std::size_t i) { return by.mincore(ground.pages[i], kPage, &residence); });
         }},
    };
    return all;
}

}  // namespace

std::vector<std::string> passing_calls() {
    std::vector<std::string> names;
    for (const auto& [name, batch] : batches()) {
        names.push_back(name);
    }
    return names;
}

std::vector<double> compare_passing(const std::string& call, const std::string& one_way,
                                    const std::string& other_way) {
    static const Ground ground;
    const Batch batch = batches().at(call);
    const Calls one = calls_by(one_way);
    const Calls other = calls_by(other_way);
    std::vector<double> of_other;
    std::vector<double> ratios;
    batch(one, ground);
    batch(other, ground);
    const auto start = Clock::now();
    while (ratios.size() < kFewestBatches || seconds_since(start) < kRoundSeconds) {
        const bool one_first = ratios.size() % 2 == 0;
        const double first = batch(one_first ? one : other, ground);
        const double second = batch(one_first ? other : one, ground);
        of_other.push_back(one_first ? second : first);
        ratios.push_back(one_first ? first / second : second / first);
    }
    const double seconds_of_other = median(std::move(of_other));
    return {median(std::move(ratios)) * seconds_of_other, seconds_of_other};
}

}  // namespace bench
