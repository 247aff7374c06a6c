#include "tools/ctl/base/machine.h"

#include "shim/core/hugetlbfs.h"
#include "shim/core/text_file.h"
#include "shim/core/topology.h"
#include "tools/common/failure.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

namespace ctl {
namespace {

constexpr std::uint64_t kKiB = 1024;

std::vector<ByteSize> page_sizes_of(const std::string& sysfs) {
    constexpr std::string_view kPrefix = "hugepages-";
    constexpr std::string_view kUnit = "kB";
    std::vector<ByteSize> sizes;
    const std::string folder = sysfs + "/kernel/mm/hugepages";
    const auto listed = hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) {
        if (name.starts_with(kPrefix) && name.ends_with(kUnit)) {
            name.remove_prefix(kPrefix.size());
            name.remove_suffix(kUnit.size());
            const auto kib = hugepage::parse_number(name, UINT64_MAX / kKiB);
            if (kib && *kib > 0) {
                sizes.push_back({*kib * kKiB});
            }
        }
    });
    if (!listed && listed.error().code != ENOENT) {
        throw tools::system_failure("list the sizes of huge pages in " + folder, listed.error().code);
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

// "Node 0 MemTotal:       24689552 kB", and without the node in /proc/meminfo.
std::optional<ByteSize> size_in(std::string_view line, std::string_view name) {
    const auto at = line.find(name);
    if (at == std::string_view::npos || !line.ends_with(" kB")) {
        return std::nullopt;
    }
    line.remove_prefix(at + name.size());
    line.remove_suffix(std::string_view(" kB").size());
    const auto kib = hugepage::parse_number(hugepage::trimmed(line), UINT64_MAX / kKiB);
    return kib ? std::optional(ByteSize{*kib * kKiB}) : std::nullopt;
}

void read_memory(Node& node, const std::string& sysfs, const std::string& proc) {
    const auto visit = [&](std::string_view line) {
        node.memory = size_in(line, "MemTotal:").value_or(node.memory);
        node.memory_free = size_in(line, "MemFree:").value_or(node.memory_free);
    };
    const std::string own = sysfs + "/devices/system/node/node" + std::to_string(node.id.value) + "/meminfo";
    const std::string whole = proc + "/meminfo";
    if (!hugepage::for_each_line(own.c_str(), visit)) {
        const auto read = hugepage::for_each_line(whole.c_str(), visit);
        if (!read) {
            throw tools::system_failure("read " + whole, read.error().code);
        }
    }
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

Machine read_machine(const std::string& sysfs, const std::string& proc) {
    Machine machine;
    machine.page_sizes = page_sizes_of(sysfs);
    const auto listed =
        hugepage::Topology(sysfs.c_str()).for_each_node([&](NodeId id, const hugepage::CpuSet& cpus) {
            machine.nodes.push_back({.id = id, .cpus = cpus, .memory = {}, .memory_free = {}, .pages = {}});
        });
    if (!listed) {
        throw tools::system_failure("list the nodes in " + sysfs + "/devices/system/node",
                                    listed.error().code);
    }
    for (Node& node : machine.nodes) {
        for (const ByteSize size : machine.page_sizes) {
            node.pages.push_back(read_pages(sysfs, size, node.id));
        }
        read_memory(node, sysfs, proc);
    }
    machine.mounts = tools::mounts(proc + "/self/mountinfo");
    std::erase_if(machine.mounts, [](const tools::Mount& mount) { return !mount.is_hugetlbfs(); });
    return machine;
}

}  // namespace ctl
