#include "tools/ctl/doctor/pool_checks.h"

#include "tools/common/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <linux/mempolicy.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

namespace ctl {
namespace {

using hugepage::NodeSet;
using hugepage::Reason;

bool is_usable(const SurveyedFile& file) {
    return !file.refusal;
}

std::string exact(ByteSize size) {
    return std::string(hugepage::to_exact_text(size).view());
}

std::string make_command(const PoolSurvey& pool, NodeId node, std::size_t files, ByteSize size) {
    return fmt::format("sudo hugepage-file-init --node {} --num {} --size {} {}", node.value, files,
                       exact(size), option_of(pool.choice.pattern));
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

// Files of one size on one node.
struct Lot {
    std::size_t usable = 0;
    std::size_t leased = 0;
};
std::map<std::pair<NodeId, ByteSize>, Lot> lots_of(const PoolSurvey& pool) {
    std::map<std::pair<NodeId, ByteSize>, Lot> lots;
    for (const SurveyedFile& file : pool.files) {
        if (is_usable(file)) {
            Lot& lot = lots[{file.node, file.size}];
            ++lot.usable;
            lot.leased += file.is_leased() ? 1U : 0U;
        }
    }
    return lots;
}

std::string mend_command(const PoolSurvey& pool, const SurveyedFile& file) {
    const std::string path = tools::quoted(file.path);
    switch (file.refusal->reason) {
        case Reason::permission:
            return "run as the files' owner, or: sudo chown $USER " + path;
        case Reason::insecure:
            return fmt::format("ls -ld {} {}", path,
                               tools::quoted(file.path.substr(0, file.path.rfind('/'))));
        case Reason::not_hugetlbfs:
            return "mount hugetlbfs first, and make the files on it: hugepagectl plan --help";
        case Reason::not_populated:
        case Reason::misplaced:
            return fmt::format("sudo rm {} && {}", path, make_command(pool, file.node, 2, file.size));
        default:
            return "sudo rm " + path;
    }
}

// Files with one fault are one finding.
Findings check_faults(const PoolSurvey& pool, bool any_usable) {
    std::map<std::string, std::vector<const SurveyedFile*>> faults;
    for (const SurveyedFile& file : pool.files) {
        if (!is_usable(file)) {
            faults[fmt::format("{}: {}", hugepage::name_of(file.refusal->reason), why(*file.refusal))]
                .push_back(&file);
        }
    }
    Findings findings;
    for (const auto& [fault, files] : faults) {
        const std::string found = files.size() == 1
                                      ? fmt::format("{}: {}", files.front()->path, fault)
                                      : fmt::format("{}, {} first: {}", tools::counted(files.size(), "file"),
                                                    files.front()->path, fault);
        findings.push_back({"pool-files", any_usable ? Verdict::warn : Verdict::fail, found,
                            "The shim passes over what it can't use safely.",
                            mend_command(pool, *files.front())});
    }
    return findings;
}

Findings check_placement(const PoolSurvey& pool) {
    std::size_t elsewhere = 0;
    std::size_t unknown = 0;
    const SurveyedFile* first = nullptr;
    for (const SurveyedFile& file : pool.files) {
        unknown += is_usable(file) && file.pages_error != 0 ? 1U : 0U;
        if (is_usable(file) && file.placement && file.placement->elsewhere > 0) {
            first = first == nullptr ? &file : first;
            ++elsewhere;
        }
    }
    Findings findings;
    if (first != nullptr) {
        findings.push_back(warn("pool-placement",
                                fmt::format("{} have pages on another node, first: {}",
                                            tools::counted(elsewhere, "file"), first->path),
                                "They are used, and are slower there.",
                                fmt::format("sudo rm {} && {}", tools::quoted(first->path),
                                            make_command(pool, first->node, 2, first->size))));
    }
    if (unknown > 0) {
        findings.push_back(
            ok("pool-placement",
               fmt::format("where the pages of {} are can't be asked", tools::counted(unknown, "file")),
               "The shim takes them to be on their folder's node."));
    }
    return findings;
}

}  // namespace

Policy own_policy() {
    int mode = MPOL_DEFAULT;
    Policy policy;
    // The kernel wants one more than there are bits.
    if (::syscall(SYS_get_mempolicy, &mode, policy.nodes.data(), NodeSet::kBits + 1, nullptr, 0) != 0) {
        return {};
    }
    constexpr int kModeFlags = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING;
    switch (mode & ~kModeFlags) {
        case MPOL_DEFAULT:
        case MPOL_LOCAL:
            return {};
        case MPOL_PREFERRED:
            policy.kind = Policy::Kind::preferred;
            break;
        case MPOL_BIND:
            policy.kind = Policy::Kind::bind;
            break;
        default:
            policy.kind = Policy::Kind::other;
    }
    return policy;
}

bool has_usable_files(const PoolSurvey& pool) {
    return std::ranges::any_of(pool.files, is_usable);
}

Finding no_pool(const std::string& why) {
    return fail("pool", why, "Without files nothing is served.",
                "hugepagectl plan --sector 32GiB --parallel 1   (says what to type)");
}

Findings check_pool(const PoolSurvey& pool) {
    const bool any_usable = has_usable_files(pool);
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
    const auto lots = lots_of(pool);
    for (const auto& [key, lot] : lots) {
        const auto& [node, size] = key;
        const std::string found =
            fmt::format("{} ({}): {} of {} on node {}, {} leased", name, pool.choice.source,
                        tools::counted(lot.usable, "file"), size_text(size.bytes), node.value,
                        lot.leased == 0 ? "none" : std::to_string(lot.leased));
        const bool is_odd = lot.usable % 2 != 0;
        if (lot.leased == lot.usable) {
            findings.push_back(warn("pool", found, "One more sealer would get ordinary memory.",
                                    make_command(pool, node, lot.usable + 2, size)));
        } else if (is_odd) {
            findings.push_back(
                warn("pool", found,
                     "A sector takes two at a time: the last one has a file for one of its buffers "
                     "only.",
                     make_command(pool, node, lot.usable + 1, size)));
        } else {
            findings.push_back(ok("pool", found));
        }
    }
    append(findings, check_faults(pool, any_usable));
    append(findings, check_placement(pool));
    return findings;
}

Findings check_nodes(const PoolSurvey& pool, const Machine& machine, const std::optional<NodeSet>& allowed,
                     const Policy& policy) {
    NodeSet with_files;
    for (const SurveyedFile& file : pool.files) {
        if (is_usable(file)) {
            with_files.insert(file.node);
        }
    }
    if (with_files.empty()) {
        return {};
    }
    NodeSet reach;
    for (const Node& node : machine.nodes) {
        if (node.memory.bytes > 0 && (!allowed || allowed->contains(node.id))) {
            reach.insert(node.id);
        }
    }
    const bool is_bound = policy.kind == Policy::Kind::bind;
    if (is_bound) {
        reach.keep(policy.nodes);
    }
    const char* by = is_bound ? "numactl's policy" : "its cpuset";
    if (!reach.intersects(with_files)) {
        return {fail("nodes",
                     fmt::format("the files are on {}; by {} this process has memory of {} alone",
                                 list_of(with_files), by, list_of(reach)),
                     "The shim keeps to that, and finds no file.",
                     is_bound ? fmt::format("start it with numactl --membind={}", with_files.first()->value)
                              : "let the cpuset (cpuset.mems) have that node, or make files on the others")};
    }
    Findings findings;
    for (const Node& node : machine.nodes) {
        if (reach.contains(node.id) && !with_files.contains(node.id)) {
            const auto& like = *std::ranges::find_if(pool.files, is_usable);
            const auto files = std::ranges::count_if(pool.files, [&](const SurveyedFile& file) {
                return is_usable(file) && file.node == like.node && file.size == like.size;
            });
            findings.push_back(
                warn("nodes", fmt::format("node {} has no file that could be used", node.id.value),
                     "A sealer's thread there gets ordinary memory, unless HUGEPAGE_NODE_POLICY=nearest.",
                     make_command(pool, node.id, static_cast<std::size_t>(files), like.size)));
        }
    }
    if (findings.empty()) {
        findings.push_back(ok("nodes", fmt::format("files on {}; memory may be had of {}",
                                                   list_of(with_files), list_of(reach))));
    }
    return findings;
}

}  // namespace ctl
