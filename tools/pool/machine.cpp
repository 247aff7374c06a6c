#include "tools/pool/machine.h"

#include "shim/base/text_file.h"
#include "shim/base/topology.h"
#include "tools/common/failure.h"
#include "tools/common/lines.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string_view>

namespace ctl {
namespace {

constexpr std::uint64_t kKiB = 1024;

std::vector<ByteSize> page_sizes_in(const std::string& folder) {
    std::vector<ByteSize> sizes;
    const auto listed = hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) {
        if (name.starts_with("hugepages-") && name.ends_with("kB")) {
            const auto kib = hugepage::parse_number(name.substr(10, name.size() - 12), UINT64_MAX / kKiB);
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

ByteSize memory_of(NodeId node, const Root& root) {
    auto text = hugepage::value_in(fmt::format("{}/devices/system/node/node{}/meminfo", root.sys, node.value),
                                   fmt::format("Node {} MemTotal:", node.value));
    if (!text) {  // a kernel without NUMA has it of the machine alone
        text = hugepage::value_in(root.proc + "/meminfo", "MemTotal:");
    }
    const auto kib =
        hugepage::parse_number(text.value_or("").substr(0, text.value_or("").find(' ')), UINT64_MAX / kKiB);
    if (!kib) {
        tools::fail("read how much memory there is: no MemTotal in {}/meminfo", root.proc);
    }
    return {*kib * kKiB};
}

}  // namespace

Pages Node::pages_of(ByteSize size) const {
    const auto found = std::ranges::find(pages, size, &Pages::size);
    return found != pages.end() ? *found : Pages{size};
}

std::uint64_t Node::memory_for_pages() const {
    constexpr std::uint64_t kPart = 32;
    std::uint64_t taken = std::min(memory.bytes / kPart, k1GiB.bytes);
    for (const Pages& of_size : pages) {
        taken += of_size.total * of_size.size.bytes;
    }
    return memory.bytes - std::min(memory.bytes, taken);
}

const Node* Machine::find(NodeId id) const {
    const auto found = std::ranges::find(nodes, id, &Node::id);
    return found != nodes.end() ? &*found : nullptr;
}

std::string Machine::node_list() const {
    std::vector<int> numbers;
    std::ranges::transform(nodes, std::back_inserter(numbers),
                           [](const Node& node) { return node.id.value; });
    return fmt::format("{}", fmt::join(numbers, ", "));
}

std::uint64_t Machine::promised_of(ByteSize size) const {
    const auto found = promised.find(size);
    return found != promised.end() ? found->second : 0;
}

bool Machine::has_page_size(ByteSize size) const {
    return std::ranges::find(page_sizes, size) != page_sizes.end();
}

std::string pages_folder(const std::string& sysfs, ByteSize size, std::optional<NodeId> node) {
    const std::string name = fmt::format("hugepages-{}kB", size.bytes / kKiB);
    std::string whole = fmt::format("{}/kernel/mm/hugepages/{}", sysfs, name);
    if (!node) {
        return whole;
    }
    std::string own = fmt::format("{}/devices/system/node/node{}/hugepages/{}", sysfs, node->value, name);
    return node == NodeId{0} && ::access(own.c_str(), F_OK) != 0 ? whole : own;
}

Pages read_pages(const std::string& sysfs, ByteSize size, std::optional<NodeId> node) {
    const std::string folder = pages_folder(sysfs, size, node);
    const auto total = hugepage::number_in(folder + "/nr_hugepages");
    const auto free = hugepage::number_in(folder + "/free_hugepages");
    if (!total || !free) {
        tools::fail("read the counts of huge pages in {}: there are none", folder);
    }
    const std::uint64_t surplus = hugepage::number_in(folder + "/surplus_hugepages").value_or(0);
    const auto promised = node ? std::nullopt : hugepage::number_in(folder + "/resv_hugepages");
    return {size, *total, *free, std::min(surplus, *total), promised.value_or(0)};
}

Machine read_machine(const Root& root) {
    Machine machine;
    machine.page_sizes = page_sizes_in(root.sys + "/kernel/mm/hugepages");
    const auto listed =
        hugepage::Topology(root.sys.c_str()).for_each_node([&](NodeId id, const hugepage::CpuSet& cpus) {
            machine.nodes.push_back({id, cpus, {}, {}});
        });
    if (!listed) {
        throw tools::system_failure("list the machine's nodes", listed.error().code);
    }
    for (Node& node : machine.nodes) {
        node.memory = memory_of(node.id, root);
        for (const ByteSize size : machine.page_sizes) {
            node.pages.push_back(read_pages(root.sys, size, node.id));
        }
    }
    for (const ByteSize size : machine.page_sizes) {
        if (const Pages pages = read_pages(root.sys, size, std::nullopt); pages.promised > 0) {
            machine.promised[size] = pages.promised;
        }
    }
    machine.mounts = tools::mounts(root.proc + "/self/mountinfo");
    std::erase_if(machine.mounts, [](const tools::Mount& mount) { return !mount.is_hugetlbfs(); });
    return machine;
}

std::map<NodeId, std::uint64_t> free_for_files(const Machine& machine, ByteSize page_size,
                                               std::uint64_t promised,
                                               const std::map<NodeId, std::uint64_t>& wanted) {
    // Of the free pages of the node, those that files are to have.
    const auto usable = [&](const Node& node) {
        const auto found = wanted.find(node.id);
        return std::min(node.pages_of(page_size).free, found != wanted.end() ? found->second : 0);
    };
    for (const Node& node : machine.nodes) {
        promised -= std::min(promised, node.pages_of(page_size).free - usable(node));
    }
    std::map<NodeId, std::uint64_t> available;
    for (const Node& node : machine.nodes) {
        const std::uint64_t lost = std::min(usable(node), promised);
        promised -= lost;
        available[node.id] = usable(node) - lost;
    }
    return available;
}

}  // namespace ctl
