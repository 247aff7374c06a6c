// A program that takes two large buffers as a sealer does, and says on stdout, as one JSON object, how long
// it took until every page was there, on which pages and nodes they are, how fast they are read, and how long
// giving them back took. It knows nothing of the shim, nor of any other library that may be preloaded; by its
// arguments it does what some need in the source.
#include "bench/buffers/reading.h"
#include "bench/buffers/ways.h"
#include "tools/pc1/memory_pages.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <sched.h>

#include <bit>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <map>
#include <string>

namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

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

void add_options(CLI::App& app, Arguments& arguments) {
    using enum peers::Way;
    const std::map<std::string, peers::Way> ways{{"mmap", kMmap},
                                                 {"madvise", kMadvise},
                                                 {"calloc", kCalloc},
                                                 {"map-hugetlb", kMapHugetlb},
                                                 {"libhugetlbfs", kLibhugetlbfs}};
    peers::Request& request = arguments.request;
    app.add_option("--bytes", request.bytes, "of each of two buffers: a power of two from 4096 on")
        ->required()
        ->check([](const std::string& text) {
            const auto bytes = std::strtoull(text.c_str(), nullptr, 10);
            return std::has_single_bit(bytes) && bytes >= 4096 ? "" : "must be a power of two from 4096 on";
        });
    auto* const way = app.add_option("--way", request.way, "mmap, madvise, calloc, map-hugetlb, libhugetlbfs")
                          ->transform(CLI::CheckedTransformer(ways));
    app.add_option("--page-size", request.page_size, "for map-hugetlb")->needs(way);
    auto* const lock = app.add_flag("--mlock", request.readying.by_mlock, "locks the buffers");
    app.add_option("--threads", request.readying.threads, "so many touch the buffers (1)")
        ->check(CLI::Range(1, 1024))
        ->excludes(lock);
    app.add_option("--reads", arguments.reads, "at random places");
    app.add_option("--started-at", arguments.started_at, "when that was, in seconds of CLOCK_MONOTONIC");
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
    result["pages"] = pc1::pages_of({memory[0], memory[1]});
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
    Arguments arguments;
    CLI::App app("Takes two large buffers as a sealer does.", "buffers");
    add_options(app, arguments);
    CLI11_PARSE(app, argc, argv);
    try {
        std::puts(measure(arguments, main_began).dump().c_str());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "buffers: %s\n", error.what());
        return 1;
    }
}
