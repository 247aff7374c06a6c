// Calls that the shim stands before and that are not its own: what they cost through it, and without it.
//
// - passing/<call>/through:shim|libc: in one process, which has the shim preloaded and a pool
// - passing/<call>/bytes:N/preload:none|shim|heap: of the heap, in a process with each
// - null/<call>/through:libc|libc again: two things that are one, which tells how far it can be trusted
#include "bench/calls/heap.h"
#include "bench/calls/passing.h"
#include "bench/support/benchmarks.h"
#include "bench/support/cpus.h"
#include "bench/support/timing.h"
#include "bench/support/worker.h"
#include "tests/support/temp_dir.h"

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>

namespace {

using bench::Missing;
using bench::Worker;

constexpr std::size_t kFileBytes = 4UL << 20;  // of the pool's one file; no call here asks for as much
constexpr const char* kShim = "libhugepage_shim.so";
constexpr const char* kHeapVariant = "libhugepage_shim_heap.so";

// Where anybody may write on tmpfs.
std::filesystem::path tmpfs() {
    const char* const of_user = std::getenv("XDG_RUNTIME_DIR");
    for (const char* const folder : {"/dev/shm", of_user != nullptr ? of_user : "/tmp", "/tmp"}) {
        struct statfs facts {};
        if (::statfs(folder, &facts) == 0 && facts.f_type == TMPFS_MAGIC && ::access(folder, W_OK) == 0) {
            return folder;
        }
    }
    throw Missing("needs a tmpfs that it may write to, as /dev/shm mostly is");
}

// A pool that the shim finds and no call matches. On tmpfs: for calls that aren't its own, the pages don't
// matter.
const std::string& pool() {
    static const std::unique_ptr<tests::TempDir> folder = [] {
        auto made = std::make_unique<tests::TempDir>(tmpfs());
        const int node = bench::stay_on_one_node().node.value;
        const std::string file = "numa_" + std::to_string(node) + "/file";
        made->write(file, std::string(kFileBytes, '\0'));
        std::filesystem::permissions(made->path() / file, std::filesystem::perms(0600));
        return made;
    }();
    static const std::string path = folder->path();
    return path;
}

std::unique_ptr<Worker> start(const std::string& preloaded) {
    if (preloaded.empty()) {
        return std::make_unique<Worker>(bench::Environment{});
    }
    auto worker = std::make_unique<Worker>(bench::Environment{{"LD_PRELOAD", bench::library(preloaded)},
                                                              {"HUGEPAGE_FILES_PATH", pool()},
                                                              {"HUGEPAGE_LOG", "error"}});
    worker->ask("arm");
    return worker;
}

// In the worker: takes the pool's file and gives it back, so that the shim has read its pool and is known to
// serve.
std::string arm() {
    void* const memory =
        ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::ostringstream address;
    address << std::hex << reinterpret_cast<std::uintptr_t>(memory) << '-';
    bool is_served = false;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        is_served = is_served || (line.starts_with(address.str()) && line.ends_with("/file"));
    }
    if (!is_served) {
        throw Missing("the preloaded shim doesn't serve");
    }
    ::munmap(memory, kFileBytes);
    return "armed";
}

std::string answer(const bench::Words& words) {
    if (words.at(0) == "arm") {
        return arm();
    }
    if (words.at(0) == "heap") {
        return bench::numbers({bench::measure_heap(words.at(1), std::stoull(words.at(2)))});
    }
    const std::vector<std::string> calls = bench::passing_calls();
    return bench::numbers(
        bench::compare_passing(calls.at(std::stoul(words.at(1))), words.at(2), words.at(3)));
}

// A new process each time: where the loader has put things this time is left to chance, as in life.
void add_passing() {
    const std::vector<std::string> calls = bench::passing_calls();
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const std::string which = std::to_string(i);
        bench::add_together(
            {"passing/" + calls[i] + "/through:shim", "passing/" + calls[i] + "/through:libc"},
            [which] { return start(kShim)->ask_numbers("passing " + which + " shim libc"); });
        bench::add_together(
            {"null/" + calls[i] + "/through:libc", "null/" + calls[i] + "/through:libc again"},
            [which] { return start(kShim)->ask_numbers("passing " + which + " libc libc"); });
    }
}

// Three processes take turns, in an order shuffled anew.
std::vector<double> compare_preloads(const std::string& call, std::size_t bytes) {
    constexpr int kTurns = 5;
    std::array<std::unique_ptr<Worker>, 3> workers{start(""), start(kShim), start(kHeapVariant)};
    std::array<std::vector<double>, 3> seconds;
    std::array<std::size_t, 3> order{0, 1, 2};
    std::minstd_rand random(std::random_device{}());
    for (int turn = 0; turn < kTurns; ++turn) {
        std::ranges::shuffle(order, random);
        for (const std::size_t i : order) {
            const auto found = workers[i]->ask_numbers("heap " + call + " " + std::to_string(bytes));
            seconds[i].push_back(found.at(0));
        }
    }
    return {bench::median(seconds[0]), bench::median(seconds[1]), bench::median(seconds[2])};
}

void add_heap() {
    for (const std::string& call : bench::heap_calls()) {
        for (const std::size_t bytes : {std::size_t{64}, std::size_t{1} << 20}) {
            const std::string name = "passing/" + call + "/bytes:" + std::to_string(bytes) + "/preload:";
            bench::add_together({name + "none", name + "shim", name + "heap"},
                                [call, bytes] { return compare_preloads(call, bytes); });
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (bench::was_worker(argc, argv, answer)) {
        return 0;
    }
    // One CPU for all: who asks sleeps meanwhile.
    bench::pin_to(bench::stay_on_one_node().cpus.back());
    add_passing();
    add_heap();
    return bench::run(argc, argv);
}
