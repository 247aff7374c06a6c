#include "tools/ctl/base/machine.h"

#include "shim/base/text_file.h"
#include "shim/base/topology.h"
#include "tools/common/failure.h"
#include "tools/common/huge_pages.h"
#include "tools/common/lines.h"

#include <numa.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

namespace ctl {
namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr const char* kSysfs = "/sys";
constexpr const char* kPageFolder = "/sys/kernel/mm/hugepages";

std::vector<ByteSize> page_sizes() {
    std::vector<ByteSize> sizes;
    const auto listed = hugepage::for_each_entry(kPageFolder, [&](std::string_view name) {
        if (name.starts_with("hugepages-") && name.ends_with("kB")) {
            const auto kib = hugepage::parse_number(name.substr(10, name.size() - 12), UINT64_MAX / kKiB);
            if (kib && *kib > 0) {
                sizes.push_back({*kib * kKiB});
            }
        }
    });
    if (!listed && listed.error().code != ENOENT) {
        throw tools::system_failure(std::string("list the sizes of huge pages in ") + kPageFolder,
                                    listed.error().code);
    }
    std::ranges::sort(sizes);
    return sizes;
}

std::optional<std::uint64_t> number_in(const std::string& path) {
    std::optional<std::uint64_t> number;
    const auto read = hugepage::for_each_line(path.c_str(), [&](std::string_view line) {
        number = hugepage::parse_number(hugepage::trimmed(line), UINT64_MAX);
    });
    return read ? number : std::nullopt;
}

void read_memory(Node& node) {
    long long free = 0;
    const long long memory = ::numa_node_size64(node.id.value, &free);
    if (memory >= 0) {
        node.memory = {static_cast<std::uint64_t>(memory)};
        node.memory_free = {static_cast<std::uint64_t>(free)};
        return;
    }
    struct sysinfo whole {};  // a kernel without NUMA
    if (::sysinfo(&whole) != 0) {
        throw tools::system_failure("read how much memory there is", errno);
    }
    node.memory = {whole.totalram * whole.mem_unit};
    node.memory_free = {whole.freeram * whole.mem_unit};
}

}  // namespace

Pages Node::pages_of(ByteSize size) const {
    const auto found = std::ranges::find(pages, size, &Pages::size);
    return found != pages.end() ? *found : Pages{size};
}

const Node* Machine::find(NodeId id) const {
    const auto found = std::ranges::find(nodes, id, &Node::id);
    return found != nodes.end() ? &*found : nullptr;
}

bool Machine::has_page_size(ByteSize size) const {
    return std::ranges::find(page_sizes, size) != page_sizes.end();
}

Pages read_pages(const std::string& sysfs, ByteSize size, NodeId id) {
    // A kernel without NUMA counts the machine's alone.
    std::optional<NodeId> node = id;
    auto counts = hugepage::huge_page_counts(sysfs.c_str(), size, node);
    if (!counts && counts.error().code == ENOENT && id == NodeId{0}) {
        node = std::nullopt;
        counts = hugepage::huge_page_counts(sysfs.c_str(), size, node);
    }
    const std::string folder(hugepage::huge_page_folder(sysfs.c_str(), size, node).view());
    if (!counts) {
        throw tools::system_failure("read the counts in " + folder, counts.error().code);
    }
    const std::uint64_t surplus = number_in(folder + "/surplus_hugepages").value_or(0);
    return {size, counts.value().total, counts.value().free, std::min(surplus, counts.value().total)};
}

Machine read_machine() {
    Machine machine;
    machine.page_sizes = page_sizes();
    const auto listed =
        hugepage::Topology(kSysfs).for_each_node([&](NodeId id, const hugepage::CpuSet& cpus) {
            machine.nodes.push_back({.id = id, .cpus = cpus, .memory = {}, .memory_free = {}, .pages = {}});
        });
    if (!listed) {
        throw tools::system_failure("list the machine's nodes", listed.error().code);
    }
    for (Node& node : machine.nodes) {
        for (const ByteSize size : machine.page_sizes) {
            node.pages.push_back(read_pages(kSysfs, size, node.id));
        }
        read_memory(node);
    }
    machine.mounts = tools::mounts();
    std::erase_if(machine.mounts, [](const tools::Mount& mount) { return !mount.is_hugetlbfs(); });
    return machine;
}

}  // namespace ctl
