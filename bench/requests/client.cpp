#include "bench/requests/client.h"

#include "bench/support/benchmarks.h"
#include "bench/support/timing.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kFewest = 5;  // times that each is measured
constexpr int kReadWrite = PROT_READ | PROT_WRITE;
constexpr int kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;

[[noreturn]] void fail(const std::string& what) {
    throw Missing(what + ": " + std::strerror(errno));
}

// As a sealer asks for it.
void* take(std::size_t bytes) {
    void* const memory = ::mmap(nullptr, bytes, kReadWrite, kPrivate, -1, 0);
    if (memory == MAP_FAILED) {
        fail("a buffer of the pool");
    }
    return memory;
}

void give_back(void* memory, std::size_t bytes) {
    if (::munmap(memory, bytes) != 0) {
        fail("munmap");
    }
}

// What smaps says of the mapping at that address.
void expect_huge_page(const void* memory) {
    std::ostringstream address;
    address << std::hex << reinterpret_cast<std::uintptr_t>(memory) << '-';
    std::ifstream smaps("/proc/self/smaps");
    bool is_it = false;
    for (std::string line; std::getline(smaps, line);) {
        std::string key;
        std::size_t kib = 0;
        if (line.starts_with(address.str())) {
            is_it = true;
        } else if (is_it && std::istringstream(line) >> key >> kib && key == "KernelPageSize:") {
            if (kib * 1024 == kPage) {
                throw Missing("the shim served no huge pages");
            }
            return;
        }
    }
    throw Missing("the buffer isn't in smaps");
}

std::size_t number(const Words& words, std::size_t which) {
    return std::stoull(words.at(which));
}

std::vector<void*> held;

std::string hold(const Words& words) {
    for (std::size_t i = 0; i < number(words, 1); ++i) {
        expect_huge_page(held.emplace_back(take(number(words, 2))));
    }
    return "held";
}

std::string let_go(const Words& words) {
    for (void* const memory : held) {
        ::munmap(memory, number(words, 1));
    }
    held.clear();
    return "let go";
}

std::string crowd(const Words& words) {
    const std::size_t count = number(words, 1);
    if (count == 0) {
        return "alone";
    }
    char* const all = static_cast<char*>(::mmap(nullptr, count * kPage, PROT_NONE, kPrivate, -1, 0));
    for (std::size_t i = 1; i < count; i += 2) {
        if (::mprotect(all + i * kPage, kPage, PROT_READ) != 0) {
            fail("mapping number " + std::to_string(i));
        }
    }
    std::ifstream maps("/proc/self/maps");
    std::size_t mappings = 0;
    for (std::string line; std::getline(maps, line);) {
        ++mappings;
    }
    if (mappings < count) {
        throw Missing("there are but " + std::to_string(mappings) + " mappings");
    }
    return "crowded";
}

// On the CPU, which would otherwise be slow when it wakes up.
void rest_for(double seconds) {
    const auto start = Clock::now();
    while (seconds_since(start) < seconds) {
    }
}

std::string pair(const Words& words) {
    const std::size_t bytes = number(words, 2);
    void* const first = take(bytes);
    expect_huge_page(first);
    give_back(first, bytes);
    const double rest = std::stod(words.at(3));
    std::vector<double> taking;
    std::vector<double> giving_back;
    const auto start = Clock::now();
    while (taking.size() < kFewest || seconds_since(start) < std::stod(words.at(1))) {
        rest_for(rest);
        void* memory = nullptr;
        taking.push_back(seconds_of([&] { memory = take(bytes); }));
        giving_back.push_back(seconds_of([&] { give_back(memory, bytes); }));
    }
    return numbers({median(std::move(taking)), median(std::move(giving_back))});
}

std::string pass(const Words& words) {
    constexpr std::size_t kCalls = 16;
    std::vector<void*> mapped(kCalls);
    const double seconds = median_for(std::stod(words.at(1)), kFewest, [&] {
        const double of_all = seconds_of([&] {
            for (void*& memory : mapped) {
                memory = ::mmap(nullptr, kPage, kReadWrite, kPrivate, -1, 0);
            }
        });
        for (void* const memory : mapped) {
            give_back(memory, kPage);
        }
        return of_all / kCalls;
    });
    return numbers({seconds});
}

std::string contend(const Words& words) {
    const double seconds = std::stod(words.at(1));
    const std::size_t bytes = number(words, 2);
    std::size_t pairs = 0;
    const auto start = Clock::now();
    while (seconds_since(start) < seconds) {
        give_back(take(bytes), bytes);
        ++pairs;
    }
    return numbers({static_cast<double>(pairs), seconds_since(start)});
}

}  // namespace

std::string answer_as_client(const Words& words) {
    static const std::map<std::string, std::function<std::string(const Words&)>> commands{
        {"hold", hold}, {"let_go", let_go}, {"crowd", crowd},
        {"pair", pair}, {"pass", pass},     {"contend", contend}};
    return commands.at(words.at(0))(words);
}

}  // namespace bench
