// A program that takes two large buffers as a sealer does, and says on stdout, as one JSON object, how long
// it took until every page was there, on which pages and nodes they are, how fast they are read, and how long
// giving them back took. It knows nothing of the shim, nor of any other library that may be preloaded; by its
// arguments it does what some need in the source.
#include "bench/peers/buffers.h"
#include "bench/peers/reading.h"
#include "tools/pc1/memory_pages.h"

#include <getopt.h>
#include <nlohmann/json.hpp>

#include <sched.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr const char* kUsage =
    "usage: buffers --bytes N [--way mmap|madvise|calloc|map-hugetlb|libhugetlbfs] [--page-size N]\n"
    "               [--mlock | --threads N] [--reads N] [--started-at SECONDS]\n"
    "Bytes of each of two buffers, a power of two. They are locked, or touched by N threads (1). SECONDS of "
    "CLOCK_MONOTONIC.\n";

struct Arguments {
    peers::Request request;
    std::size_t reads = 0;
    double started_at = 0;  // 0: nobody said
};

double seconds_between(Clock::time_point start, Clock::time_point end) {
    return std::chrono::duration<double>(end - start).count();
}

double monotonic_now() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::size_t number_of(const char* text) {
    char* end = nullptr;
    const std::size_t number = std::strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        throw std::invalid_argument(std::string("no number: ") + text);
    }
    return number;
}

peers::Way way_of(std::string_view text) {
    using enum peers::Way;
    constexpr std::pair<std::string_view, peers::Way> kWays[] = {{"mmap", kMmap},
                                                                 {"madvise", kMadvise},
                                                                 {"calloc", kCalloc},
                                                                 {"map-hugetlb", kMapHugetlb},
                                                                 {"libhugetlbfs", kLibhugetlbfs}};
    for (const auto& [name, way] : kWays) {
        if (name == text) {
            return way;
        }
    }
    throw std::invalid_argument("no such way: " + std::string(text));
}

Arguments parse(int argc, char** argv) {
    constexpr option kOptions[] = {
        {"bytes", required_argument, nullptr, 'b'},      {"way", required_argument, nullptr, 'w'},
        {"page-size", required_argument, nullptr, 'p'},  {"mlock", no_argument, nullptr, 'm'},
        {"threads", required_argument, nullptr, 't'},    {"reads", required_argument, nullptr, 'r'},
        {"started-at", required_argument, nullptr, 's'}, {nullptr, 0, nullptr, 0}};
    Arguments arguments;
    peers::Request& request = arguments.request;
    for (int letter = 0; (letter = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
        switch (letter) {
            case 'b':
                request.bytes = number_of(optarg);
                break;
            case 'w':
                request.way = way_of(optarg);
                break;
            case 'p':
                request.page_size = number_of(optarg);
                break;
            case 'm':
                request.readying.by_mlock = true;
                break;
            case 't':
                request.readying.threads = static_cast<unsigned>(number_of(optarg));
                break;
            case 'r':
                arguments.reads = number_of(optarg);
                break;
            case 's':
                arguments.started_at = std::strtod(optarg, nullptr);
                break;
            default:
                throw std::invalid_argument("wrong option");
        }
    }
    if (optind != argc || request.bytes < 4096 || (request.bytes & (request.bytes - 1)) != 0 ||
        request.readying.threads == 0 || (request.way == peers::Way::kMapHugetlb && request.page_size == 0)) {
        throw std::invalid_argument("missing or wrong arguments");
    }
    return arguments;
}

// What libraries that were loaded before main have put into place by then. The kernel counts it apart from
// other memory.
std::size_t bytes_of_hugetlb() {
    std::ifstream status("/proc/self/status");
    for (std::string name; status >> name;) {
        if (name == "HugetlbPages:") {
            std::size_t kib = 0;
            status >> kib;
            return kib << 10;
        }
    }
    return 0;
}

unsigned node_of_this_thread() {
    unsigned cpu = 0;
    unsigned node = 0;
    getcpu(&cpu, &node);
    return node;
}

Json pages_as_json(std::span<const peers::Memory> memory) {
    std::vector<pc1::MemoryRange> ranges;
    for (const peers::Memory& buffer : memory) {
        ranges.push_back({.begin = reinterpret_cast<std::uintptr_t>(buffer.data()), .size = buffer.size()});
    }
    return pc1::pages_as_json(pc1::pages_of(ranges));
}

Json measure(const Arguments& arguments, double main_began) {
    Json result;
    if (arguments.started_at != 0) {
        result["start_seconds"] = main_began - arguments.started_at;
    }
    result["hugetlb_at_start"] = bytes_of_hugetlb();
    peers::prepare(arguments.request);
    const auto start = Clock::now();
    auto buffers = peers::take_two(arguments.request);
    result["usable_seconds"] = seconds_between(start, Clock::now());

    std::vector<peers::Memory> memory;
    memory.reserve(buffers.size());
    for (const peers::Buffer& buffer : buffers) {
        memory.push_back(buffer.memory());
    }
    const peers::Inspection found = peers::inspect(memory);
    result["bytes"] = arguments.request.bytes;
    result["not_zero"] = found.not_zero;
    result["page_faults"] = found.page_faults;
    result["node"] = node_of_this_thread();
    result["pages"] = pages_as_json(memory);
    if (arguments.reads > 0) {
        result["random_read_seconds"] = peers::random_read_seconds(memory, arguments.reads);
        result["dependent_read_seconds"] = peers::dependent_read_seconds(memory, arguments.reads / 4);
    }
    peers::leave_something(memory);
    const auto release = Clock::now();
    buffers.clear();
    result["release_seconds"] = seconds_between(release, Clock::now());
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    const double main_began = monotonic_now();
    try {
        std::puts(measure(parse(argc, argv), main_began).dump().c_str());
        return 0;
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "buffers: %s\n%s", error.what(), kUsage);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "buffers: %s\n", error.what());
        return 1;
    }
}
