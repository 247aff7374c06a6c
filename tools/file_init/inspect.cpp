#include "tools/file_init/inspect.h"

#include "shim/base/fd.h"
#include "shim/base/text_file.h"
#include "shim/base/topology.h"
#include "tools/common/failure.h"
#include "tools/common/huge_pages.h"
#include "tools/file_init/existing_file.h"
#include "tools/file_init/plan.h"

#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>

namespace file_init {
namespace {

constexpr const char* kSysfs = "/sys";

std::string parent_of(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path().string();
    return parent.empty() ? "." : parent;
}

// A mount that was given a size= hands out no more than that. Without one the kernel says 0, or all bits set.
std::optional<std::uint64_t> pages_left_by_mount(int fd) {
    struct statfs facts {};
    if (::fstatfs(fd, &facts) != 0 || facts.f_blocks == 0 ||
        facts.f_blocks > std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
    }
    return facts.f_bfree;
}

FolderFacts look_at_folder(const std::string& path) {
    FolderFacts facts;
    facts.path = path;
    facts.existing = path;
    auto folder = hugepage::Fd::open(path.c_str(), O_PATH | O_DIRECTORY);
    while (!folder && folder.error().code == ENOENT && facts.existing != ".") {
        facts.missing.insert(facts.missing.begin(), facts.existing);
        facts.existing = parent_of(facts.existing);
        folder = hugepage::Fd::open(facts.existing.c_str(), O_PATH | O_DIRECTORY);
    }
    if (!folder) {
        facts.error = folder.error().code;
        return facts;
    }
    const int fd = folder.value().get();
    const auto file_system = hugepage::file_system_of(fd);
    if (!file_system) {
        facts.error = file_system.error().code;
        return facts;
    }
    facts.file_system = file_system.value();
    facts.mount = tools::mount_of(fd);
    facts.mount_pages = pages_left_by_mount(fd);
    if (::faccessat(AT_FDCWD, facts.existing.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        facts.write_error = errno;
    }
    return facts;
}

hugepage::HugePageCounts counts_of(ByteSize page_size, std::optional<NodeId> node) {
    auto counts = hugepage::huge_page_counts(kSysfs, page_size, node);
    if (!counts && node && counts.error().code == ENOENT) {
        // A kernel without NUMA has one node and only counts the machine's pages.
        counts = hugepage::huge_page_counts(kSysfs, page_size, std::nullopt);
    }
    if (!counts) {
        throw tools::system_failure(
            "read the counts in " + std::string(hugepage::huge_page_folder(kSysfs, page_size, node).view()),
            counts.error().code);
    }
    return counts.value();
}

std::vector<PageSizeFacts> page_sizes_of_kernel(NodeId node) {
    constexpr std::string_view kPrefix = "hugepages-";
    constexpr std::string_view kUnit = "kB";
    std::vector<PageSizeFacts> sizes;
    const auto listed = hugepage::for_each_entry("/sys/kernel/mm/hugepages", [&](std::string_view name) {
        if (!name.starts_with(kPrefix) || !name.ends_with(kUnit)) {
            return;
        }
        name.remove_prefix(kPrefix.size());
        name.remove_suffix(kUnit.size());
        const auto kib = hugepage::parse_number(name, std::numeric_limits<std::uint64_t>::max() / 1024);
        if (kib && *kib > 0) {
            const ByteSize size{*kib * 1024};
            sizes.push_back({size, counts_of(size, node).free});
        }
    });
    if (!listed) {
        sizes.clear();
    }
    std::ranges::sort(sizes, {}, &PageSizeFacts::size);
    return sizes;
}

bool is_missing_or_empty(const hugepage::Path& folder) {
    std::error_code error;
    const std::filesystem::path path(folder.view());
    return !std::filesystem::exists(path, error) || (!error && std::filesystem::is_empty(path, error));
}

}  // namespace

std::vector<NodeId> nodes_of_machine() {
    std::vector<NodeId> nodes;
    const auto listed = hugepage::Topology(kSysfs).for_each_node(
        [&](NodeId node, const hugepage::CpuSet&) { nodes.push_back(node); });
    if (!listed) {
        throw tools::system_failure("list the nodes in /sys/devices/system/node", listed.error().code);
    }
    std::ranges::sort(nodes);
    return nodes;
}

Facts inspect(const Request& request, NodeId node) {
    Facts facts;
    facts.node = node;
    facts.folder = look_at_folder(std::string(request.pattern.path_of(node).view()));
    if (facts.folder.error != 0) {
        return facts;
    }
    if (facts.folder.file_system.kind != hugepage::FileSystem::Kind::hugetlbfs) {
        facts.page_sizes = page_sizes_of_kernel(node);
        facts.can_mount_at_pattern = is_missing_or_empty(request.pattern.searched_folder());
        return facts;
    }
    const ByteSize page_size = facts.folder.file_system.page_size;
    for (const std::string& path : paths_of(request, facts.folder.path)) {
        facts.files.push_back(look_at_file(path, request.size, node));
    }
    facts.node_pages = counts_of(page_size, node);
    facts.machine_pages = counts_of(page_size, std::nullopt);
    return facts;
}

}  // namespace file_init
