#include "tools/ctl/status/status.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace ctl {
namespace {

std::int64_t oldest(std::int64_t known, const std::vector<hugepage::Holder>& holders) {
    for (const hugepage::Holder& holder : holders) {
        const std::int64_t since = holder.running_since;
        if (since != 0 && (known == 0 || since < known)) {
            known = since;
        }
    }
    return known;
}

template <class Visit>
void for_each_file(const std::vector<PoolSurvey>& pools, Visit visit) {
    std::set<hugepage::FileId> seen;
    for (const PoolSurvey& pool : pools) {
        for (const SurveyedFile& file : pool.files) {
            if (file.size.bytes > 0 && seen.insert(file.id).second) {
                visit(file);
            }
        }
    }
}

}  // namespace

std::vector<FileGroup> groups_of(const std::vector<PoolSurvey>& pools) {
    std::map<std::pair<NodeId, ByteSize>, FileGroup> groups;
    for_each_file(pools, [&](const SurveyedFile& file) {
        FileGroup& group = groups[{file.node, file.size}];
        group.node = file.node;
        group.size = file.size;
        ++group.files;
        const FileState state = file.state();
        group.free += state == FileState::free ? 1 : 0;
        group.unusable += state == FileState::unusable ? 1 : 0;
        if (state == FileState::leased) {
            ++group.leased;
            group.oldest_holder_since = oldest(group.oldest_holder_since, file.holders);
        }
        if (file.placement) {
            group.pages_checked += file.placement->checked;
            group.pages_elsewhere += file.placement->elsewhere;
        }
    });
    std::vector<FileGroup> list;
    for (const auto& [key, group] : groups) {
        list.push_back(group);
    }
    return list;
}

std::vector<PageUse> uses_of(const Machine& machine, const std::vector<PoolSurvey>& pools) {
    std::map<std::pair<ByteSize, NodeId>, std::uint64_t> in_files;
    for_each_file(pools, [&](const SurveyedFile& file) {
        const ByteSize page_size = file.file_system.page_size;
        if (file.file_system.kind != hugepage::FileSystem::Kind::hugetlbfs || page_size.bytes == 0) {
            return;
        }
        const std::uint64_t pages = file.allocated.bytes / page_size.bytes;
        std::uint64_t elsewhere = 0;
        if (file.placement && file.placement->checked > 0) {
            elsewhere = pages * file.placement->elsewhere / file.placement->checked;
            in_files[{page_size, file.placement->other}] += elsewhere;
        }
        in_files[{page_size, file.node}] += pages - elsewhere;
    });
    std::vector<PageUse> uses;
    for (const ByteSize size : machine.page_sizes) {
        for (const Node& node : machine.nodes) {
            const Pages pages = node.pages_of(size);
            if (pages.total == 0) {
                continue;
            }
            const std::uint64_t used = pages.total - std::min(pages.free, pages.total);
            const std::uint64_t files = std::min(in_files[{size, node.id}], used);
            uses.push_back({node.id, size, pages.total, pages.total - used, files, used - files});
        }
    }
    return uses;
}

}  // namespace ctl
