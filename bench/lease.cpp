// Takes memory of a memory file's size as a sealer does, and gives it back, again and again. With the shim
// preloaded and a pool, these are leases. Says on stdout, as one JSON object, how long each took and on which
// pages the memory was. It knows nothing of the shim.
#include "tools/pc1/memory_pages.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <sys/mman.h>
#include <sys/prctl.h>
#include <system_error>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kFewest = 5;  // leases

struct Options {
    std::size_t bytes = 0;
    double seconds = 0;
    double rest = 0;
    std::size_t mappings = 0;
    double not_before = 0;
};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

void* map(std::size_t bytes, int protection) {
    void* const memory = ::mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw std::system_error(errno, std::generic_category(),
                                "mmap of " + std::to_string(bytes) + " bytes");
    }
    return memory;
}

// So many mappings, each of its own for the kernel.
void map_others(std::size_t count) {
    if (count == 0) {
        return;
    }
    char* const all = static_cast<char*>(map(count * kPage, PROT_NONE));
    for (std::size_t i = 1; i < count; i += 2) {
        if (::mprotect(all + i * kPage, kPage, PROT_READ) != 0) {
            throw std::system_error(errno, std::generic_category(), "mapping " + std::to_string(i));
        }
    }
}

nlohmann::ordered_json measure(const Options& options) {
    map_others(options.mappings);
    void* const first = map(options.bytes, PROT_READ | PROT_WRITE);
    static_cast<volatile char*>(first)[0] = 0;
    const auto pages = pc1::pages_of({std::span(static_cast<const std::uint8_t*>(first), options.bytes)});
    ::munmap(first, options.bytes);

    std::this_thread::sleep_until(
        Clock::time_point(std::chrono::nanoseconds(static_cast<std::int64_t>(options.not_before * 1e9))));
    std::vector<double> taking;
    std::vector<double> giving_back;
    const auto start = Clock::now();
    while (taking.size() < kFewest || seconds_since(start) < options.seconds) {
        // On the CPU, which would otherwise be slow when it wakes up.
        for (const auto resting = Clock::now(); seconds_since(resting) < options.rest;) {
        }
        const auto before = Clock::now();
        void* const memory = map(options.bytes, PROT_READ | PROT_WRITE);
        taking.push_back(seconds_since(before));
        const auto taken = Clock::now();
        ::munmap(memory, options.bytes);
        giving_back.push_back(seconds_since(taken));
    }
    const double seconds_of_a_pair = seconds_since(start) / static_cast<double>(taking.size());
    return {{"take_seconds", median(taking)},
            {"give_back_seconds", median(giving_back)},
            {"pair_seconds", seconds_of_a_pair},
            {"pages", pages}};
}

}  // namespace

int main(int argc, char** argv) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    Options options;
    CLI::App app("Takes memory and gives it back.", "lease");
    app.add_option("--bytes", options.bytes, "of the memory")->required()->check(CLI::Range(kPage, SIZE_MAX));
    app.add_option("--seconds", options.seconds, "how long; five times at least");
    app.add_option("--rest", options.rest, "seconds between giving back and taking");
    app.add_option("--mappings", options.mappings, "others that the process has");
    app.add_option("--not-before", options.not_before, "when it begins, in seconds of CLOCK_MONOTONIC");
    CLI11_PARSE(app, argc, argv);
    try {
        std::puts(measure(options).dump().c_str());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "lease: %s\n", error.what());
        return 1;
    }
}
