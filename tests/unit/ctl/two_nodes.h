// A machine with two nodes and a pool on it: free, leased, spoilt and misplaced files.
#pragma once

#include "tools/ctl/status.h"

#include <string>

namespace ctl {

inline constexpr std::int64_t kNow = 1767225600;  // 2026-01-01 00:00 UTC
inline constexpr ByteSize k32GiB{std::uint64_t{32} << 30};

inline Machine two_nodes() {
    Machine machine;
    machine.page_sizes = {k2MiB, k1GiB};
    for (int i = 0; i < 2; ++i) {
        Node node;
        node.id = NodeId{i};
        node.cpus = *hugepage::parse_cpu_list(i == 0 ? "0-15" : "16-31");
        node.memory = ByteSize{std::uint64_t{256} << 30};
        node.pages = {{k2MiB}, {k1GiB, 130, i == 0 ? 2U : 0U}};
        machine.nodes.push_back(node);
    }
    return machine;
}

inline MemoryFile right_file(int node, int index) {
    MemoryFile file;
    file.node = NodeId{node};
    file.name = "numa_" + std::to_string(node) + "/32.0_GiB_" + std::to_string(index);
    file.path = "/mnt/huge/pc1/" + file.name;
    file.id = {42, static_cast<ino_t>(100 * node + index + 1)};
    file.size = k32GiB;
    file.allocated = k32GiB;
    file.file_system = {hugepage::FileSystem::Kind::hugetlbfs, k1GiB};
    file.mode = 0600;
    file.placement = hugepage::Placement{.checked = 32, .elsewhere = 0, .other = {}, .absent = 0};
    return file;
}

inline tools::Holder holder(pid_t pid, const std::string& command, std::int64_t since) {
    return {.pid = pid,
            .command = command,
            .has_locked = true,
            .mapped_at = {0x7f0000000000},
            .running_since = since};
}

inline Pool spoilt_pool() {
    Pool pool;
    pool.choice = {*hugepage::FilePattern::in_folder("/mnt/huge/pc1"), "--path"};
    pool.files = {right_file(0, 0), right_file(0, 1), right_file(0, 2), right_file(0, 3),
                  right_file(1, 0), right_file(1, 1), right_file(1, 2)};
    pool.files[0].holders = {holder(4711, "lotus-worker", kNow - 11100)};
    pool.files[1].holders = {holder(4711, "lotus-worker", kNow - 11100)};
    pool.files[3].mode = 0602;
    pool.files[3].refusal =
        hugepage::Refusal{hugepage::Reason::insecure, "everybody may open it; chmod o=", 0};
    pool.files[4].holders = {holder(815, "evil\033[2J", kNow - 45)};
    pool.files[5].placement = hugepage::Placement{32, 32, NodeId{0}, 0};
    pool.files[6].placement = hugepage::Placement{32, 4, NodeId{0}, 0};
    return pool;
}

inline StatusFacts facts_of(const Pool& pool) {
    StatusFacts facts;
    facts.machine = two_nodes();
    facts.machine.promised = {{k1GiB, 1}};
    facts.pools = {pool};
    facts.unseen_processes = 3;
    facts.now = kNow;
    return facts;
}

}  // namespace ctl
