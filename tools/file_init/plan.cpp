#include "tools/file_init/plan.h"

#include "tools/file_init/complaints.h"
#include "tools/file_init/in_the_way.h"

#include <algorithm>
#include <set>
#include <utility>

namespace file_init {
namespace {

void require_usable_folder(const Request& request, const Facts& facts) {
    const FolderFacts& folder = facts.folder;
    if (folder.error != 0) {
        throw folder_unreadable(folder);
    }
    if (folder.file_system.kind != hugepage::FileSystem::Kind::hugetlbfs) {
        throw not_hugetlbfs(request, facts);
    }
    if (request.size.bytes % folder.file_system.page_size.bytes != 0) {
        throw not_whole_pages(request, folder.file_system.page_size);
    }
}

// Two names of one file would be one file to lease, not two.
void require_different_files(const Facts& facts) {
    std::set<std::pair<dev_t, ino_t>> seen;
    for (const FileFacts& file : facts.files) {
        if (file.kind == FileFacts::Kind::regular && !seen.emplace(file.device, file.inode).second) {
            throw same_file_twice(file);
        }
    }
}

// Files need pages that are free on the node, not promised to others on the machine (the kernel doesn't say
// of which node promised pages will be), and within the limit of the mount.
void require_pages(const Request& request, const Facts& facts, std::size_t files) {
    const FolderFacts& folder = facts.folder;
    const std::uint64_t needed = files * (request.size.bytes / folder.file_system.page_size.bytes);
    std::uint64_t available = facts.node_pages.free;
    if (!folder.mount || !folder.mount->holds_pages_back()) {
        const auto& machine = facts.machine_pages;
        available = std::min(available, machine.free - std::min(machine.free, machine.reserved));
    }
    if (available < needed) {
        throw not_enough_pages(request, facts, PagesNeeded{files, needed, available});
    }
    if (folder.mount_pages && *folder.mount_pages < needed) {
        throw mount_too_small(request, facts, PagesNeeded{files, needed, *folder.mount_pages});
    }
}

}  // namespace

std::vector<std::string> paths_of(const Request& request, const std::string& folder) {
    std::string stem(hugepage::to_text(request.size).view());
    std::ranges::replace(stem, ' ', '_');
    std::vector<std::string> paths;
    for (std::size_t i = 0; i < request.count; ++i) {
        paths.push_back(folder + "/" + stem + "_" + std::to_string(i));
    }
    return paths;
}

NodeId choose_node(const Request& request, std::span<const NodeId> nodes) {
    if (!request.node) {
        if (nodes.size() != 1) {
            throw node_left_out(nodes);
        }
        return nodes.front();
    }
    if (std::ranges::find(nodes, *request.node) == nodes.end()) {
        throw no_such_node(*request.node, nodes);
    }
    return *request.node;
}

Plan make_plan(const Request& request, const Facts& facts) {
    require_usable_folder(request, facts);
    Plan plan;
    std::vector<const FileFacts*> wrong;
    for (const FileFacts& file : facts.files) {
        if (file.error != 0) {
            throw file_unreadable(file);
        }
        if (file.kind == FileFacts::Kind::absent) {
            plan.create.push_back(file.path);
        } else if (what_is_wrong(file, request, facts.node)) {
            wrong.push_back(&file);
        } else {
            plan.keep.push_back(file.path);
        }
    }
    if (!wrong.empty()) {
        throw in_the_way(wrong, request, facts.node);
    }
    require_different_files(facts);
    if (!plan.create.empty()) {
        if (facts.folder.write_error != 0) {
            throw folder_not_writable(facts.folder);
        }
        require_pages(request, facts, plan.create.size());
    }
    return plan;
}

}  // namespace file_init
