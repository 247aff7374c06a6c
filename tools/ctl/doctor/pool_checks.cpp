#include "tools/ctl/doctor/pool_checks.h"

#include "tools/common/wording.h"
#include "tools/ctl/pool/judgement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace ctl {
namespace {

using hugepage::NodeSet;

auto usable_in(const PoolSurvey& pool) {
    return [&pool](const SurveyedFile& file) { return judge(file, pool).is_usable; };
}

std::string make_command(const PoolSurvey& pool, NodeId node, std::size_t files, ByteSize size) {
    return fmt::format("sudo hugepage-file-init --node {} --num {} --size {} {}", node.value, files,
                       hugepage::to_exact_text(size).view(), option_of(pool.choice.pattern));
}

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
    std::size_t files = 0;
    std::size_t leased = 0;
};
using Groups = std::map<std::pair<NodeId, ByteSize>, Group>;

Groups groups_of(const PoolSurvey& pool) {
    Groups groups;
    for (const SurveyedFile& file : pool.files) {
        if (const Judgement judged = judge(file, pool); judged.is_usable) {
            Group& group = groups[{file.node, file.size}];
            ++group.files;
            group.leased += judged.is_leased ? 1U : 0U;
        }
    }
    return groups;
}

// Files with one fault are one finding. What to type for each file is verify's to say.
Findings check_faults(const PoolSurvey& pool) {
    std::map<std::string, std::vector<const SurveyedFile*>> faults;
    std::vector<const SurveyedFile*> elsewhere;
    for (const SurveyedFile& file : pool.files) {
        if (const Judgement judged = judge(file, pool); !judged.is_usable) {
            faults[fmt::format("{}: {}", judged.reason, judged.why)].push_back(&file);
        } else if (judged.is_seen && !judged.reason.empty()) {
            elsewhere.push_back(&file);
        }
    }
    const std::string next = "hugepagectl verify " + option_of(pool.choice.pattern);
    const auto first_of = [](const std::vector<const SurveyedFile*>& files) {
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
        findings.push_back(warn("pool-placement", first_of(elsewhere) + ": some pages are on another node",
                                "It is used, and is slower there.", next));
    }
    return findings;
}

}  // namespace

bool has_usable_files(const PoolSurvey& pool) {
    return std::ranges::any_of(pool.files, usable_in(pool));
}

Finding no_pool(const std::string& why) {
    return fail("pool", why, "Without files nothing is served.",
                "hugepagectl plan --sector 32GiB --parallel 1   (says what to type)");
}

Findings check_pool(const PoolSurvey& pool) {
    const std::string name = name_of(pool.choice.pattern);
    Findings findings;
    for (const Blind& blind : pool.blind) {
        findings.push_back(
            fail("pool-folders", fmt::format("{}: can't be listed (errno {})", blind.path, blind.error),
                 "The shim can't either, if it runs as this user.", "ls -ld " + tools::quoted(blind.path)));
    }
    if (pool.files.empty()) {
        findings.push_back(no_pool(fmt::format("{} ({}) has no files", name, pool.choice.source)));
        return findings;
    }
    for (const auto& [key, group] : groups_of(pool)) {
        const auto& [node, size] = key;
        const std::string found =
            fmt::format("{} ({}): {} of {} on node {}, {} leased", name, pool.choice.source,
                        tools::counted(group.files, "file"), size_text(size.bytes), node.value,
                        group.leased == 0 ? "none" : std::to_string(group.leased));
        if (group.leased == group.files) {
            findings.push_back(warn("pool", found, "One more sealer would get ordinary memory.",
                                    make_command(pool, node, group.files + 2, size)));
        } else if (group.files % 2 != 0) {
            findings.push_back(warn("pool", found,
                                    "A sector takes two at a time: the last one has a file for one of its "
                                    "buffers only.",
                                    make_command(pool, node, group.files + 1, size)));
        } else {
            findings.push_back(ok("pool", found));
        }
    }
    append(findings, check_faults(pool));
    return findings;
}

Findings check_nodes(const PoolSurvey& pool, const Machine& machine, const std::optional<NodeSet>& allowed) {
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
        return {
            fail("nodes",
                 fmt::format("the files are on {}; this process may have memory of {} only",
                             list_of(with_files), list_of(reach)),
                 "Its cpuset, or the policy that numactl has set, says so. The shim keeps to that, and finds "
                 "no file.",
                 fmt::format("numactl --membind={}, cpuset.mems, or files on {}", with_files.first()->value,
                             list_of(reach)))};
    }
    Findings findings;
    const auto& [like, group] = *groups.begin();
    for (const Node& node : machine.nodes) {
        if (reach.contains(node.id) && !with_files.contains(node.id)) {
            findings.push_back(
                warn("nodes", fmt::format("node {} has no file that could be used", node.id.value),
                     "A sealer's thread there gets ordinary memory, unless HUGEPAGE_NODE_POLICY=nearest.",
                     make_command(pool, node.id, group.files, like.second)));
        }
    }
    if (findings.empty()) {
        findings.push_back(ok("nodes", fmt::format("files on {}; memory may be had of {}",
                                                   list_of(with_files), list_of(reach))));
    }
    return findings;
}

}  // namespace ctl
