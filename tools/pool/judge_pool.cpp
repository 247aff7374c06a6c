// Pools: their folders, whether there are files for each sector, on the nodes whose memory is allowed.
#include "tools/common/command_line.h"
#include "tools/common/values.h"
#include "tools/pool/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <system_error>

#include <algorithm>
#include <map>
#include <utility>

namespace ctl {
namespace {

using hugepage::NodeSet;

std::string list_of(const NodeSet& nodes) {
    std::vector<int> numbers;
    for (int i = 0; i < hugepage::kMaxNodes; ++i) {
        if (nodes.contains(NodeId{i})) {
            numbers.push_back(i);
        }
    }
    return fmt::format("{} {}", numbers.size() == 1 ? "node" : "nodes", fmt::join(numbers, ", "));
}

// Usable files of one size on one node.
struct Group {
    const MemoryFile* like = nullptr;  // one of them
    std::size_t files = 0;
    std::size_t leased = 0;
};
using Groups = std::map<std::pair<NodeId, ByteSize>, Group>;

Groups groups_of(const Pool& pool) {
    Groups groups;
    for (const MemoryFile& file : pool.files) {
        if (const FileJudgement judged = judge(file, pool); judged.is_usable) {
            Group& group = groups[{file.node, file.size}];
            group.like = &file;
            ++group.files;
            group.leased += file.is_leased() ? 1U : 0U;
        }
    }
    return groups;
}

// Two for each sector.
Finding judge_group(const Pool& pool, const Group& group) {
    const NodeId node = group.like->node;
    const std::string what =
        fmt::format("{} ({}): {} of {} on node {}, {}", name_of(pool.choice.pattern), pool.choice.source,
                    tools::counted(group.files, "file"), tools::size_text(group.like->size), node.value,
                    !pool.sees_holders && group.leased == 0 ? "leased or free"
                    : group.leased == 0                     ? "none leased"
                                                            : fmt::format("{} leased", group.leased));
    if (group.leased == group.files) {
        return {"pool", Verdict::warn, what, "One more sealer would get ordinary memory.",
                setup_for(pool, node, group.files + 2, *group.like)};
    }
    if (group.files % 2 != 0) {
        return {"pool", Verdict::warn, what,
                "A sector takes two at a time: the last one has a file for one of its buffers only.",
                setup_for(pool, node, group.files + 1, *group.like)};
    }
    return {"pool", Verdict::ok, what, "", ""};
}

// Files with one fault are one finding. What to type for each file is verify's to say.
Findings judge_faults(const Pool& pool) {
    std::map<std::string, std::vector<const MemoryFile*>> faults;
    std::vector<const MemoryFile*> elsewhere;
    for (const MemoryFile& file : pool.files) {
        const FileJudgement judged = judge(file, pool);
        if (!judged.is_usable) {
            faults[judged.finding.id + ": " + judged.fault].push_back(&file);
        } else if (judged.finding.verdict == Verdict::warn) {
            elsewhere.push_back(&file);
        }
    }
    const std::string next = "hugepagectl verify " + option_of(pool.choice.pattern);
    const auto first_of = [](const std::vector<const MemoryFile*>& files) {
        return files.size() == 1
                   ? files.front()->path
                   : fmt::format("{}, {} first", tools::counted(files.size(), "file"), files.front()->path);
    };
    Findings findings;
    for (const auto& [fault, files] : faults) {
        findings.push_back({"pool-files", has_usable_files(pool) ? Verdict::warn : Verdict::fail,
                            fmt::format("{}: {}", first_of(files), fault),
                            "The shim passes over what it can't use safely.", next});
    }
    if (!elsewhere.empty()) {
        findings.push_back({"pool-placement", Verdict::warn,
                            first_of(elsewhere) + ": some pages are on another node",
                            "It is used, and is slower there.", next});
    }
    return findings;
}

}  // namespace

bool has_usable_files(const Pool& pool) {
    return std::ranges::any_of(pool.files,
                               [&](const MemoryFile& file) { return judge(file, pool).is_usable; });
}

Finding no_pool(const std::string& why) {
    return {"pool", Verdict::fail, why, "Without files nothing is served.", kPlanFirst};
}

Findings judge_folders(const Pool& pool) {
    Findings findings;
    for (const ClosedFolder& folder : pool.closed) {
        const std::string path = tools::quoted(folder.path);
        if (folder.error != 0) {
            findings.push_back({"pool-folders", Verdict::unseen,
                                fmt::format("{} can't be listed: {}", folder.path,
                                            std::generic_category().message(folder.error)),
                                "The shim can't either, if it runs as this user.", "ls -ld " + path});
            continue;
        }
        const std::string user = tools::user_text(pool.user.id);
        findings.push_back(
            {"pool-folders", Verdict::fail,
             fmt::format("{} is closed to {} (owner {}, mode {:04o})", folder.path, user,
                         tools::user_text(folder.owner), folder.mode),
             fmt::format("A sealer of {} can't reach the files below it, so nothing is served.", user),
             (folder.mode & 0005) == 0005 ? "ls -ld " + path : "sudo chmod o+rx " + path});
    }
    return findings;
}

Findings judge_pool(const Pool& pool) {
    Findings findings = judge_folders(pool);
    if (pool.files.empty()) {
        findings.push_back(
            no_pool(fmt::format("{} ({}) has no files", name_of(pool.choice.pattern), pool.choice.source)));
        return findings;
    }
    for (const auto& [key, group] : groups_of(pool)) {
        findings.push_back(judge_group(pool, group));
    }
    append(findings, judge_faults(pool));
    return findings;
}

Findings judge_nodes(const Pool& pool, const Machine& machine, const std::optional<NodeSet>& allowed) {
    const Groups groups = groups_of(pool);
    if (groups.empty()) {
        return {};
    }
    NodeSet with_files;
    for (const auto& [key, group] : groups) {
        with_files.insert(key.first);
    }
    NodeSet reach;
    for (const Node& node : machine.nodes) {
        if (node.memory.bytes > 0 && (!allowed || allowed->contains(node.id))) {
            reach.insert(node.id);
        }
    }
    if (!reach.intersects(with_files)) {
        return {{"nodes", Verdict::fail,
                 fmt::format("the files are on {}; this process may have memory of {} only",
                             list_of(with_files), list_of(reach)),
                 "Its cpuset, or the policy that numactl has set, says so. The shim keeps to that, and finds "
                 "no file.",
                 fmt::format("numactl --membind={}, cpuset.mems, or files on {}", with_files.first()->value,
                             list_of(reach))}};
    }
    Findings findings;
    const Group& group = groups.begin()->second;
    for (const Node& node : machine.nodes) {
        if (reach.contains(node.id) && !with_files.contains(node.id)) {
            findings.push_back(
                {"nodes", Verdict::warn, fmt::format("node {} has no file that could be used", node.id.value),
                 "A sealer's thread there gets ordinary memory, unless HUGEPAGE_NODE_POLICY=nearest.",
                 setup_for(pool, node.id, group.files, *group.like)});
        }
    }
    if (findings.empty()) {
        findings.push_back(
            {"nodes", Verdict::ok,
             fmt::format("files on {}; memory of {} is allowed", list_of(with_files), list_of(reach)), "",
             ""});
    }
    return findings;
}

}  // namespace ctl
