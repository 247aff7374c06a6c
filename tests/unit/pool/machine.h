// A machine with two nodes of 64 GiB, no huge pages yet, and a request for two files of 1 GiB on each: each
// test changes one thing. And a kernel that gives and takes pages.
#pragma once

#include "tools/common/failure.h"
#include "tools/pool/pages.h"
#include "tools/pool/setup_plan.h"

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace pool {

using ctl::k1GiB;
using ctl::k2MiB;

inline ctl::Node node_of_64_gib(int id) {
    return {
        .id = {id}, .cpus = {}, .memory = {64 * k1GiB.bytes}, .pages = {{k2MiB, 0, 0, 0}, {k1GiB, 0, 0, 0}}};
}

inline Pages& pages_on(Facts& facts, std::size_t node, ByteSize size) {
    return facts.machine.nodes[node].pages[size == k2MiB ? 0 : 1];
}

inline Request two_files_on_each_node() {
    Request request;
    request.shares = {{NodeId{0}, 2}, {NodeId{1}, 2}};
    request.size = k1GiB;
    request.size_as_typed = "1GiB";
    request.pattern = *hugepage::FilePattern::in_folder("/mnt/huge/pc1");
    request.place = "/mnt/huge/pc1";
    request.where = "--path /mnt/huge/pc1";
    return request;
}

// Nothing is mounted, and the folder isn't there.
inline Facts bare_machine(const Request& request) {
    Facts facts;
    facts.machine.page_sizes = {k2MiB, k1GiB};
    facts.machine.nodes = {node_of_64_gib(0), node_of_64_gib(1)};
    for (const Share& share : request.shares) {
        NodeFacts node;
        node.folder = std::string(request.pattern.path_of(share.node).view());
        node.existing = "/mnt";
        node.missing = {"/mnt/huge", "/mnt/huge/pc1", node.folder};
        facts.nodes.push_back(node);
    }
    facts.machine.promised = {{k2MiB, 0}, {k1GiB, 0}};
    return facts;
}

inline Facts mounted_machine(const Request& request, ByteSize page_size) {
    Facts facts = bare_machine(request);
    for (std::size_t i = 0; i < facts.nodes.size(); ++i) {
        NodeFacts& node = facts.nodes[i];
        node.missing = {node.folder};
        node.existing = "/mnt/huge/pc1";
        node.file_system = {hugepage::FileSystem::Kind::hugetlbfs, page_size};
        node.mount = tools::Mount{2, "/mnt/huge/pc1", "hugetlbfs", "rw,pagesize=2M"};
        for (const std::string& path : paths_of(request.size, request.shares[i].files, node.folder)) {
            FileFacts file;
            file.path = path;
            node.files.push_back(file);
        }
    }
    return facts;
}

inline void put_there(FileFacts& file, ino_t inode) {
    file.kind = FileFacts::Kind::regular;
    file.file_system = {hugepage::FileSystem::Kind::hugetlbfs, k2MiB};
    file.size = file.allocated = k1GiB;
    file.mode = 0600;
    file.id = {1, inode};
    file.placement = hugepage::Placement{.checked = 512, .elsewhere = 0, .other = {}, .absent = 0};
}

// A kernel that has memory for `room` more pages on each node.
struct FakeKernel {
    std::map<std::pair<int, std::uint64_t>, Pages> pages;
    std::uint64_t room = 1000;
    std::uint64_t promised = 0;
    bool adds_surplus =
        false;  // as before 6.7: the other nodes' surplus, to a count that is written for a node
    bool can_be_bound = true;
    int compactions = 0;
    int dropped = 0;
    int pauses = 0;
    std::function<void()> before_set = [] {};
    std::function<void()> after_set = [] {};

    Pages& of(NodeId node, ByteSize size) {
        Pages& found = pages[{node.value, size.bytes}];
        found.size = size;
        return found;
    }
    Pages machine(ByteSize size) const {
        Pages all{size};
        for (const auto& [key, one] : pages) {
            if (key.second == size.bytes) {
                all.total += one.total;
                all.free += one.free;
                all.surplus += one.surplus;
            }
        }
        all.promised = promised;
        return all;
    }
    void change(Pages& here, std::uint64_t reserved) {
        before_set();
        if (reserved > here.reserved()) {
            const std::uint64_t more = std::min(reserved - here.reserved(), room);
            here.total += more;
            here.free += more;
            room -= more;
        } else {
            const std::uint64_t less = std::min(here.reserved() - reserved, here.free);
            here.total -= less;
            here.free -= less;
            room += less;
        }
        after_set();
    }

    PageControl control() {
        PageControl control;
        control.counts = [this](NodeId node, ByteSize size) { return of(node, size); };
        control.machine = [this](ByteSize size) { return machine(size); };
        control.set = [this](NodeId node, ByteSize size, std::uint64_t reserved) {
            Pages& here = of(node, size);
            change(here, reserved + (adds_surplus ? machine(size).surplus - here.surplus : 0));
        };
        control.set_bound = [this](NodeId node, ByteSize size, std::uint64_t reserved) {
            const Pages all = machine(size);
            Pages& here = of(node, size);
            if (can_be_bound) {
                change(here, reserved - (all.total - all.surplus - here.reserved()));
            }
            return can_be_bound;
        };
        control.compact = [this](NodeId) { ++compactions; };
        control.drop_clean_caches = [this] { ++dropped; };
        control.pause = [this] { ++pauses; };
        control.check = [] {};
        return control;
    }
};

// The exit code and the message of the Failure that `work` throws.
struct Refusal {
    tools::ExitCode code = tools::ExitCode::done;
    std::string message;
};
inline Refusal refusal_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const tools::Failure& failure) {
        return {failure.code(), failure.what()};
    }
    return {};
}

}  // namespace pool
