#include "tools/file_init/complaints.h"

#include "tools/common/huge_pages.h"
#include "tools/common/sizes.h"
#include "tools/common/values.h"
#include "tools/common/wording.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace file_init {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

std::string list_of(std::span<const NodeId> nodes) {
    std::string text;
    for (const NodeId node : nodes) {
        text += (text.empty() ? "" : ", ") + std::to_string(node.value);
    }
    return text;
}

std::string mounted_at(const FolderFacts& folder) {
    return folder.mount ? "the mount at " + folder.mount->point : "the mount of " + folder.existing;
}

// Of the sizes that the files can be made of, the one that the node has most memory in.
ByteSize page_size_to_mount(const Request& request, const std::vector<PageSizeFacts>& sizes) {
    constexpr ByteSize kUsual{2 << 20};
    const PageSizeFacts* best = nullptr;
    for (const PageSizeFacts& size : sizes) {
        const bool fits = request.size.bytes % size.size.bytes == 0;
        if (fits && (best == nullptr || size.free * size.size.bytes > best->free * best->size.bytes)) {
            best = &size;
        }
    }
    return best != nullptr ? best->size : kUsual;
}

std::string command_for_pages(const Facts& facts, std::uint64_t missing) {
    const auto folder = hugepage::huge_page_folder("/sys", facts.folder.file_system.page_size, facts.node);
    return fmt::format("echo {} | sudo tee {}/nr_hugepages", facts.node_pages.total + missing, folder.view());
}

}  // namespace

tools::Failure node_left_out(std::span<const NodeId> nodes) {
    return {tools::ExitCode::usage, "--node is needed: this machine has the nodes " + list_of(nodes) + "."};
}

tools::Failure no_such_node(NodeId node, std::span<const NodeId> nodes) {
    return {tools::ExitCode::usage,
            fmt::format("--node: there is no node {} on this machine, only {}.", node.value, list_of(nodes))};
}

tools::Failure folder_unreadable(const FolderFacts& folder) {
    return tools::system_failure("open the folder " + folder.existing, folder.error);
}

tools::Failure folder_not_writable(const FolderFacts& folder) {
    const bool read_only = folder.write_error == EROFS;
    return tools::system_failure(
        "create files in " + folder.path, folder.write_error,
        read_only ? "type: sudo mount -o remount,rw " +
                        tools::quoted(folder.mount ? folder.mount->point : folder.existing)
                  : "use sudo, or be a user who may write to " + tools::quoted(folder.existing));
}

tools::Failure not_hugetlbfs(const Request& request, const Facts& facts) {
    const FolderFacts& folder = facts.folder;
    const std::string type = folder.mount ? folder.mount->type : "another file system";
    const std::string wanted = tools::without_idle_slashes(request.pattern.searched_folder().view());
    const std::string point = tools::quoted(facts.can_mount_at_pattern ? wanted : "/mnt/huge");
    return {
        tools::ExitCode::failed,
        fmt::format("create files in {}: {} is on {}, not on hugetlbfs; type: sudo mkdir -p {} && sudo mount "
                    "-t hugetlbfs -o pagesize={} none {}{}",
                    folder.path, folder.existing, type, point,
                    tools::mount_size_text(page_size_to_mount(request, facts.page_sizes)), point,
                    facts.can_mount_at_pattern ? "" : ", and use a path in " + point)};
}

tools::Failure not_whole_pages(const Request& request, ByteSize page_size) {
    const auto is_whole = [&](ByteSize size) { return size.bytes > 0 && size.bytes % page_size.bytes == 0; };
    const auto binary = tools::in_binary_unit(request.size_as_typed);
    const auto binary_size = binary ? hugepage::parse_byte_size(*binary) : std::nullopt;
    const std::string guess =
        binary_size && is_whole(*binary_size) ? fmt::format("did you mean {}? ", *binary) : "";
    const ByteSize below{request.size.bytes / page_size.bytes * page_size.bytes};
    const ByteSize above{below.bytes + page_size.bytes};
    std::string nearest(hugepage::to_exact_text(above).view());
    if (below.bytes > 0) {
        nearest = fmt::format("{} or {}", hugepage::to_exact_text(below).view(), nearest);
    }
    return {
        tools::ExitCode::usage,
        fmt::format("--size: {} is not a whole number of the {} pages that are mounted there; {}the nearest "
                    "would be {}.",
                    request.size_as_typed, tools::page_size_text(page_size), guess, nearest)};
}

tools::Failure not_enough_pages(const Request& request, const Facts& facts, const PagesNeeded& pages) {
    const ByteSize page_size = facts.folder.file_system.page_size;
    const bool promised = pages.available < facts.node_pages.free;
    const std::string reserved =
        promised ? fmt::format(" ({} are free, but {} of the {} free on the machine are promised to others)",
                               facts.node_pages.free, facts.machine_pages.reserved, facts.machine_pages.free)
                 : "";
    const std::string rare =
        page_size.bytes >= kGiB
            ? fmt::format("; if that does not give them, boot with hugepagesz={} hugepages={}:{}",
                          tools::mount_size_text(page_size), facts.node.value,
                          facts.node_pages.total + pages.needed - pages.available)
            : "; if that does not give them, memory is fragmented: do it soon after boot";
    return {
        tools::ExitCode::failed,
        fmt::format("create {} of {} on node {}: {} of {} needed, {} available{}; type: {}{}",
                    tools::counted(pages.files, "file"), tools::size_text(request.size), facts.node.value,
                    tools::counted(pages.needed, "page"), tools::page_size_text(page_size), pages.available,
                    reserved, command_for_pages(facts, pages.needed - pages.available), rare)};
}

tools::Failure mount_too_small(const Request& request, const Facts& facts, const PagesNeeded& pages) {
    return {tools::ExitCode::failed,
            fmt::format("create {} of {}: {} of {} needed, but {} has only {} left of its limit; mount "
                        "hugetlbfs without size= or with a larger one",
                        tools::counted(pages.files, "file"), tools::size_text(request.size),
                        tools::counted(pages.needed, "page"),
                        tools::page_size_text(facts.folder.file_system.page_size), mounted_at(facts.folder),
                        pages.available)};
}

}  // namespace file_init
