// On which CPUs pc1-label's threads run: some that share a last-level cache, on one node, because the
// producers hand the hashing thread 640 bytes a node from core to core.
//
// All threads are bound to one set of CPUs, and the scheduler places them within it; none gets a CPU of its
// own. Several pc1-labels run side by side on a machine and know nothing of each other: two hashing threads
// pinned to one CPU would both take twice as long; in a set that they share the kernel keeps them apart.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

// hwloc's own: hwloc_topology_t and hwloc_const_bitmap_t point to these.
struct hwloc_topology;
struct hwloc_bitmap_s;

namespace pc1 {

// Node and CPUs are numbered as the kernel does it.
struct CpuChoice {
    std::string cpus;              // as the kernel lists them: "0-3,8"
    std::size_t count = 0;         // how many these are, at least 1
    std::optional<unsigned> node;  // that they are on; none if it is not known
    std::string cache;             // that they share: "L3"; empty if they share none
};

// Chooses among the allowed CPUs, for `threads` threads of which one runs on `current_cpu`:
//  1. those below the same L3 cache (without L3: the largest cache) as the current CPU, and on its node;
//  2. if these are fewer cores than threads, all of that node, never another;
//  3. of these, one hardware thread of each core if that is enough for all threads, so that nothing slows the
//     hashing thread's core down: on its own core the current CPU, elsewhere the first that is allowed.
// If the current CPU is not allowed, or not known (-1), the first allowed one takes its place. The node is
// unknown, and no limit, where the topology puts the CPU on none. Nothing if the topology has none of the
// allowed CPUs. Changes nothing; thread-safe; throws only std::bad_alloc.
[[nodiscard]] std::optional<CpuChoice> choose_cpus(hwloc_topology* topology, const hwloc_bitmap_s* allowed,
                                                   int current_cpu, unsigned threads);

struct BindOutcome {
    std::optional<CpuChoice> bound;  // none: nothing was changed
    std::string reason;              // why nothing was: what was tried, and the system's answer
};

// How many CPUs the calling thread may use now, at least 1. std::thread::hardware_concurrency() asks the
// machine, not the thread.
[[nodiscard]] unsigned usable_cpus();

// Binds the calling thread, and with it every thread that it or they start from then on, to CPUs chosen among
// those that it may use now: taskset, numactl and cpusets are honoured, and nothing is ever widened. Threads
// that exist already stay as they are, so call it before there are any. It reads the machine's topology,
// which takes milliseconds, tens of them where there are hundreds of CPUs. Throws only if there is no memory
// for the answer.
[[nodiscard]] BindOutcome bind_to_shared_cache(unsigned threads);

}  // namespace pc1
