// The choice, made on hwloc's tree of caches, cores and hardware threads, and the binding.
#include "tools/pc1/cores.h"

#include <hwloc.h>

#include <sched.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

namespace pc1 {
namespace {

struct FreeBitmap {
    void operator()(hwloc_bitmap_t bitmap) const { hwloc_bitmap_free(bitmap); }
};
using Bitmap = std::unique_ptr<hwloc_bitmap_s, FreeBitmap>;

struct DestroyTopology {
    void operator()(hwloc_topology_t topology) const { hwloc_topology_destroy(topology); }
};
using Topology = std::unique_ptr<hwloc_topology, DestroyTopology>;

// Throws what the system says if `result`, of the call before, is a failure.
void check(int result, const std::string& tried) {
    if (result != 0) {
        throw std::system_error(errno, std::generic_category(), tried);
    }
}

// For what hwloc does to a set of CPUs, which fails for nothing else.
void need_memory(int result) {
    if (result != 0) {
        throw std::bad_alloc();
    }
}

Bitmap no_cpus() {
    Bitmap bitmap(hwloc_bitmap_alloc());
    if (!bitmap) {
        throw std::bad_alloc();
    }
    return bitmap;
}

Bitmap common(hwloc_const_bitmap_t one, hwloc_const_bitmap_t other) {
    Bitmap both = no_cpus();
    need_memory(hwloc_bitmap_and(both.get(), one, other));
    return both;
}

std::size_t count(const Bitmap& cpus) {
    return static_cast<std::size_t>(hwloc_bitmap_weight(cpus.get()));
}

std::string list_of(const Bitmap& cpus) {
    std::string text;
    text.resize(static_cast<std::size_t>(hwloc_bitmap_list_snprintf(nullptr, 0, cpus.get())));
    hwloc_bitmap_list_snprintf(text.data(), text.size() + 1, cpus.get());
    return text;
}

std::string name_of(hwloc_obj_t cache) {
    std::array<char, 16> text{};
    hwloc_obj_type_snprintf(text.data(), text.size(), cache, 0);
    return text.data();
}

// The closest, if there are several: memory that all packages share has the CPUs of all. If several are as
// close, as with high-bandwidth memory, the one with the lowest number, which comes first: the kernel's own.
hwloc_obj_t node_of(hwloc_topology_t topology, hwloc_obj_t cpu) {
    hwloc_obj_t closest = nullptr;
    hwloc_obj_t node = nullptr;
    while ((node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node)) != nullptr) {
        if (hwloc_bitmap_isset(node->cpuset, cpu->os_index) != 0 &&
            (closest == nullptr ||
             hwloc_bitmap_weight(node->cpuset) < hwloc_bitmap_weight(closest->cpuset))) {
            closest = node;
        }
    }
    return closest;
}

hwloc_obj_t last_level_cache_of(hwloc_obj_t cpu) {
    hwloc_obj_t last = nullptr;
    for (hwloc_obj_t object = cpu; object != nullptr; object = object->parent) {
        if (hwloc_obj_type_is_dcache(object->type) != 0) {
            last = object;
        }
        if (object->type == HWLOC_OBJ_L3CACHE) {
            break;
        }
    }
    return last;
}

// Where the system knows of no cores, each CPU is one.
hwloc_obj_t core_of(hwloc_topology_t topology, hwloc_obj_t cpu) {
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, cpu);
    return core != nullptr ? core : cpu;
}

Bitmap one_of_each_core(hwloc_topology_t topology, const Bitmap& cpus, hwloc_obj_t current) {
    Bitmap chosen = no_cpus();
    hwloc_obj_t own_core = core_of(topology, current);
    hwloc_obj_t last_core = nullptr;
    hwloc_obj_t cpu = nullptr;
    // In the order of the tree, where the hardware threads of a core stand side by side.
    while ((cpu = hwloc_get_next_obj_inside_cpuset_by_type(topology, cpus.get(), HWLOC_OBJ_PU, cpu)) !=
           nullptr) {
        hwloc_obj_t core = core_of(topology, cpu);
        if (core != last_core) {
            hwloc_obj_t taken = core == own_core ? current : cpu;
            need_memory(hwloc_bitmap_set(chosen.get(), taken->os_index));
        }
        last_core = core;
    }
    return chosen;
}

// Of the allowed CPUs that the topology has, the current one if it is among them; null if there are none.
hwloc_obj_t start_from(hwloc_topology_t topology, const Bitmap& usable, int current_cpu) {
    const bool stays =
        current_cpu >= 0 && hwloc_bitmap_isset(usable.get(), static_cast<unsigned>(current_cpu)) != 0;
    const int cpu = stays ? current_cpu : hwloc_bitmap_first(usable.get());
    return cpu < 0 ? nullptr : hwloc_get_pu_obj_by_os_index(topology, static_cast<unsigned>(cpu));
}

struct Group {
    Bitmap cpus;
    hwloc_obj_t node = nullptr;   // null: not known
    hwloc_obj_t cache = nullptr;  // null: they share none
};

std::optional<Group> choose_group(hwloc_topology_t topology, hwloc_const_bitmap_t allowed, int current_cpu,
                                  unsigned threads) {
    const Bitmap usable = common(allowed, hwloc_topology_get_topology_cpuset(topology));
    hwloc_obj_t current = start_from(topology, usable, current_cpu);
    if (current == nullptr) {
        return std::nullopt;
    }
    hwloc_obj_t node = node_of(topology, current);
    hwloc_obj_t cache = last_level_cache_of(current);
    Bitmap near = common(usable.get(), node != nullptr ? node->cpuset : usable.get());
    Bitmap cpus = common(near.get(), cache != nullptr ? cache->cpuset : near.get());
    Bitmap cores = one_of_each_core(topology, cpus, current);
    if (count(cores) < threads) {
        cpus = std::move(near);
        cores = one_of_each_core(topology, cpus, current);
    }
    if (count(cores) >= threads) {
        cpus = std::move(cores);
    }
    const bool share = cache != nullptr && hwloc_bitmap_isincluded(cpus.get(), cache->cpuset) != 0;
    return Group{.cpus = std::move(cpus), .node = node, .cache = share ? cache : nullptr};
}

CpuChoice describe(const Group& group) {
    CpuChoice choice{.cpus = list_of(group.cpus), .count = count(group.cpus), .node = {}, .cache = {}};
    if (group.node != nullptr) {
        choice.node = group.node->os_index;
    }
    if (group.cache != nullptr) {
        choice.cache = name_of(group.cache);
    }
    return choice;
}

// All of it, also the nodes whose memory a cpuset denies: hwloc would leave these out, and their CPUs would
// be on no node. Nor is it to look at each CPU from that CPU, which would move the thread about.
Topology read_machine() {
    const std::string tried = "reading the machine's topology";
    hwloc_topology_t raw = nullptr;
    check(hwloc_topology_init(&raw), tried);
    Topology topology(raw);
    constexpr unsigned long kFlags =
        HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED | HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING;
    check(hwloc_topology_set_flags(raw, kFlags), tried);
    check(hwloc_topology_load(raw), tried);
    if (hwloc_topology_is_thissystem(raw) == 0) {
        // HWLOC_XMLFILE and other variables do that.
        throw std::runtime_error(tried + ": hwloc was told to describe another machine");
    }
    return topology;
}

CpuChoice bind_or_throw(unsigned threads) {
    const Topology topology = read_machine();
    const Bitmap allowed = no_cpus();
    check(hwloc_get_cpubind(topology.get(), allowed.get(), HWLOC_CPUBIND_THREAD), "reading the CPU affinity");
    const auto group = choose_group(topology.get(), allowed.get(), sched_getcpu(), threads);
    if (!group) {
        throw std::runtime_error("reading the machine's topology: none of the CPUs " + list_of(allowed) +
                                 ", which may be used, is in it");
    }
    CpuChoice choice = describe(*group);
    check(hwloc_set_cpubind(topology.get(), group->cpus.get(), HWLOC_CPUBIND_THREAD),
          "binding to the CPUs " + choice.cpus);
    return choice;
}

}  // namespace

std::optional<CpuChoice> choose_cpus(hwloc_topology* topology, const hwloc_bitmap_s* allowed, int current_cpu,
                                     unsigned threads) {
    const auto group = choose_group(topology, allowed, current_cpu, threads);
    return group ? std::optional(describe(*group)) : std::nullopt;
}

unsigned usable_cpus() {
    constexpr std::size_t kMostCpus = 8192;
    std::array<unsigned char, kMostCpus / 8> mask{};
    // The system call itself tells how much of the mask it has written.
    const long bytes = syscall(SYS_sched_getaffinity, 0, mask.size(), mask.data());
    unsigned cpus = 0;
    for (long i = 0; i < bytes; ++i) {
        cpus += static_cast<unsigned>(std::popcount(mask[static_cast<std::size_t>(i)]));
    }
    return std::max(1U, cpus);
}

BindOutcome bind_to_shared_cache(unsigned threads) {
    try {
        return {.bound = bind_or_throw(threads), .reason = {}};
    } catch (const std::exception& error) {
        return {.bound = {}, .reason = error.what()};
    }
}

}  // namespace pc1
