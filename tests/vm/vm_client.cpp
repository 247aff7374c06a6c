// A program on a machine with several nodes that knows nothing of the shim. It takes memory as its arguments
// say and prints where the kernel says that its pages are, a line a buffer; the test compares.
//
//   vm_client take BYTES COUNT      COUNT buffers by mmap, where the process runs; holds them until stdin
//   ends vm_client touch BYTES COUNT     the same, each written to first: ordinary memory has pages only then
//   vm_client pinned BYTES          on each node with CPUs a thread bound to it takes two; holds them
//   vm_client later BYTES           takes one, prints what it is, waits for the end of stdin, takes another
//   vm_client random BYTES SIZES FILES ROUNDS SEED
//                                   binds itself to a node at random and takes or gives back buffers of BYTES
//                                   and, if SIZES is 2, of twice that; of each size there are FILES on a
//                                   node; prints what went wrong
//   vm_client reserve BYTES PAGE    huge pages of that size are set aside for it but not used; holds them
//   vm_client policy BYTES          takes one; which memory policy has it, and is it to be in huge pages?
//   vm_client interleaved BYTES     the same by a thread whose own policy is to interleave

#include <fcntl.h>
#include <numa.h>
#include <numaif.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

char* take(std::size_t bytes) {
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

struct Mapping {
    std::string file = "unmapped";  // or "ordinary"
    std::size_t page = 4096;
    bool huge_wanted = false;
};

// What smaps says of the address.
Mapping mapping_of(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    Mapping mapping;
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        unsigned long begin = 0;
        unsigned long end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
            const auto at = reinterpret_cast<unsigned long>(address);
            inside = begin <= at && at < end;
            const auto slash = line.find('/');
            if (inside) {
                mapping.file = slash == std::string::npos ? "ordinary" : line.substr(slash);
            }
        } else if (inside && line.rfind("KernelPageSize:", 0) == 0) {
            mapping.page = std::strtoul(line.c_str() + 15, nullptr, 10) * 1024;
        } else if (inside && line.rfind("VmFlags:", 0) == 0) {
            mapping.huge_wanted = line.find(" hg") != std::string::npos;
        }
    }
    return mapping;
}

// Of every page, by the kernel's word: how many are on which node; -1: none there.
std::map<int, long> nodes_of(char* memory, std::size_t bytes, std::size_t page) {
    std::vector<void*> pages;
    for (std::size_t at = 0; at < bytes; at += page) {
        pages.push_back(memory + at);
    }
    std::vector<int> status(pages.size(), -1);
    if (::move_pages(0, pages.size(), pages.data(), nullptr, status.data(), 0) != 0) {
        std::printf("move_pages: %s\n", std::strerror(errno));
    }
    std::map<int, long> nodes;
    for (const int node : status) {
        ++nodes[node < 0 ? -1 : node];
    }
    return nodes;
}

std::string describe(char* memory, std::size_t bytes) {
    if (memory == nullptr) {
        return std::string("none: ") + std::strerror(errno);
    }
    const Mapping mapping = mapping_of(memory);
    std::string text = mapping.file == "ordinary" ? "ordinary" : "file";
    for (const auto& [node, count] : nodes_of(memory, bytes, mapping.page)) {
        if (node >= 0) {
            text += " N" + std::to_string(node) + "=" + std::to_string(count);
        }
    }
    return text;
}

void wait_for_end_of_stdin() {
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

void hold() {
    std::puts("holding");
    wait_for_end_of_stdin();
}

int later(std::size_t bytes) {
    std::printf("before: %s\n", describe(take(bytes), bytes).c_str());
    wait_for_end_of_stdin();
    std::printf("after: %s\n", describe(take(bytes), bytes).c_str());
    return 0;
}

int take_some(std::size_t bytes, int count, bool touch) {
    for (int i = 0; i < count; ++i) {
        char* memory = take(bytes);
        if (touch && memory != nullptr) {
            std::memset(memory, 1, bytes);
        }
        std::printf("%s\n", describe(memory, bytes).c_str());
    }
    hold();
    return 0;
}

int reserve(std::size_t bytes, unsigned page) {
    const int of_that_size = MAP_HUGETLB | std::countr_zero(page) << MAP_HUGE_SHIFT;
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | of_that_size, -1, 0);
    if (memory == MAP_FAILED) {
        std::printf("mmap: %s\n", std::strerror(errno));
        return 1;
    }
    hold();
    return 0;
}

int policy(std::size_t bytes) {
    char* memory = take(bytes);
    int mode = -1;
    bitmask* nodes = ::numa_allocate_nodemask();
    ::get_mempolicy(&mode, nodes->maskp, nodes->size, memory, MPOL_F_ADDR);
    const std::map<int, const char*> names = {{MPOL_DEFAULT, "default"},
                                              {MPOL_PREFERRED, "prefer"},
                                              {MPOL_BIND, "bind"},
                                              {MPOL_INTERLEAVE, "interleave"}};
    std::printf("%s", names.contains(mode) ? names.at(mode) : "?");
    for (unsigned node = 0; node < nodes->size; ++node) {
        if (::numa_bitmask_isbitset(nodes, node) != 0) {
            std::printf(" %u", node);
        }
    }
    ::numa_free_nodemask(nodes);
    std::printf(mapping_of(memory).huge_wanted ? ", huge pages wanted\n" : "\n");
    return 0;
}

std::vector<int> nodes_with_cpus() {
    std::vector<int> nodes;
    bitmask* cpus = ::numa_allocate_cpumask();
    for (int node = 0; node <= ::numa_max_node(); ++node) {
        if (::numa_node_to_cpus(node, cpus) == 0 && ::numa_bitmask_weight(cpus) > 0) {
            nodes.push_back(node);
        }
    }
    ::numa_free_cpumask(cpus);
    return nodes;
}

int pinned(std::size_t bytes) {
    for (const int node : nodes_with_cpus()) {
        std::thread([node, bytes] {
            ::numa_run_on_node(node);
            for (int i = 0; i < 2; ++i) {
                std::printf("node %d: %s\n", node, describe(take(bytes), bytes).c_str());
            }
        }).join();
    }
    hold();
    return 0;
}

struct Buffer {
    char* memory;
    std::size_t bytes;
    int node;  // of its file, or -1
};

int randomly(std::size_t bytes, std::size_t sizes, int files, int rounds, unsigned seed) {
    const auto nodes = nodes_with_cpus();
    std::mt19937 random(seed);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    std::map<std::pair<int, std::size_t>, int> free;
    for (const int node : nodes) {
        free[{node, bytes}] = free[{node, 2 * bytes}] = files;
    }
    std::vector<Buffer> held;
    int served = 0;
    int fallbacks = 0;
    int wrong = 0;
    const auto give_back = [&] {
        const std::size_t which = below(held.size());
        const Buffer buffer = held[which];
        ::munmap(buffer.memory, buffer.bytes);
        free[{buffer.node, buffer.bytes}] += buffer.node >= 0 ? 1 : 0;
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(which));
    };
    for (int round = 0; round < rounds; ++round) {
        const int node = nodes[below(nodes.size())];
        const std::size_t size = bytes << below(sizes);
        ::numa_run_on_node(node);
        char* memory = take(size);
        const Mapping mapping = mapping_of(memory);
        const bool is_served = mapping.file != "ordinary";
        const auto is_here = [&, page = mapping.page] {  // every page of it
            const auto where = nodes_of(memory, size, page);
            return where.size() == 1 && where.begin()->first == node;
        };
        int& left = free[{node, size}];
        if (is_served != (left > 0) || (is_served && !is_here())) {
            ++wrong;
            std::printf("round %d: node %d, %d files free: %s\n", round, node, left,
                        describe(memory, size).c_str());
        }
        left -= is_served ? 1 : 0;
        served += is_served ? 1 : 0;
        fallbacks += is_served ? 0 : 1;
        held.push_back({memory, size, is_served ? node : -1});
        for (std::size_t n = below(3); n > 0 && !held.empty(); --n) {
            give_back();
        }
    }
    std::printf("seed %u: served %d, fallbacks %d, wrong %d\n", seed, served, fallbacks, wrong);
    return 0;
}

int interleaved(std::size_t bytes) {
    ::numa_set_interleave_mask(numa_all_nodes_ptr);
    return policy(bytes);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string scenario = argc > 1 ? argv[1] : "";
    const std::size_t bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    const int count = argc > 3 ? std::atoi(argv[3]) : 0;
    if (scenario == "take") return take_some(bytes, count, false);
    if (scenario == "touch") return take_some(bytes, count, true);
    if (scenario == "pinned") return pinned(bytes);
    if (scenario == "reserve") return reserve(bytes, static_cast<unsigned>(count));
    if (scenario == "policy") return policy(bytes);
    if (scenario == "interleaved") return interleaved(bytes);
    if (scenario == "later") return later(bytes);
    if (scenario == "random" && argc == 7) {
        return randomly(bytes, static_cast<std::size_t>(count), std::atoi(argv[4]), std::atoi(argv[5]),
                        static_cast<unsigned>(std::atoi(argv[6])));
    }
    return 2;
}
