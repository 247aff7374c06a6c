// A machine with two nodes of 64 GiB, no huge pages yet, and a request for two files of 1 GiB on each: each
// test changes one thing. And a kernel that gives and takes pages.
#pragma once

#include "tools/common/failure.h"
#include "tools/ctl/setup/page_control.h"
#include "tools/ctl/setup/setup_plan.h"
#include "tools/file_init/plan.h"

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace ctl {

inline Node node_of_64_gib(int id) {
    return {
        .id = {id}, .cpus = {}, .memory = {64 * k1GiB.bytes}, .pages = {{k2MiB, 0, 0, 0}, {k1GiB, 0, 0, 0}}};
}

inline Pages& pages_on(SetupFacts& facts, std::size_t node, ByteSize size) {
    return facts.machine.nodes[node].pages[size == k2MiB ? 0 : 1];
}

inline SetupRequest two_files_on_each_node() {
    SetupRequest request;
    request.shares = {{NodeId{0}, 2}, {NodeId{1}, 2}};
    request.files.size = k1GiB;
    request.files.size_as_typed = "1GiB";
    request.files.pattern = *hugepage::FilePattern::in_folder("/mnt/huge/pc1");
    request.place = "/mnt/huge/pc1";
    request.where = "--path /mnt/huge/pc1";
    return request;
}

// Nothing is mounted, and the folder isn't there.
inline SetupFacts bare_machine(const SetupRequest& request) {
    SetupFacts facts;
    facts.machine.page_sizes = {k2MiB, k1GiB};
    facts.machine.nodes = {node_of_64_gib(0), node_of_64_gib(1)};
    for (const Share& share : request.shares) {
        file_init::Facts node;
        node.node = share.node;
        node.folder.path = std::string(request.files.pattern.path_of(share.node).view());
        node.folder.existing = "/mnt";
        node.folder.missing = {"/mnt/huge", "/mnt/huge/pc1", node.folder.path};
        facts.nodes.push_back(node);
    }
    facts.promised = {{k2MiB, 0}, {k1GiB, 0}};
    return facts;
}

inline SetupFacts mounted_machine(const SetupRequest& request, ByteSize page_size) {
    SetupFacts facts = bare_machine(request);
    for (std::size_t i = 0; i < facts.nodes.size(); ++i) {
        file_init::Facts& node = facts.nodes[i];
        node.folder.missing = {node.folder.path};
        node.folder.existing = "/mnt/huge/pc1";
        node.folder.file_system = {hugepage::FileSystem::Kind::hugetlbfs, page_size};
        node.folder.mount = tools::Mount{2, "/mnt/huge/pc1", "hugetlbfs", "rw,pagesize=2M"};
        file_init::Request files = request.files;
        files.count = request.shares[i].files;
        for (const std::string& path : file_init::paths_of(files, node.folder.path)) {
            file_init::FileFacts file;
            file.path = path;
            node.files.push_back(file);
        }
    }
    return facts;
}

inline void put_there(file_init::FileFacts& file, ino_t inode) {
    file.kind = file_init::FileFacts::Kind::regular;
    file.on_hugetlbfs = true;
    file.size = file.allocated = k1GiB;
    file.mode = 0600;
    file.inode = inode;
    file.placement = hugepage::Placement{.checked = 512, .elsewhere = 0, .other = {}, .absent = 0};
}

// A kernel that has memory for `room` more pages on each node.
struct FakeKernel {
    std::map<std::pair<int, std::uint64_t>, Pages> pages;
    std::uint64_t room = 1000;
    std::uint64_t promised = 0;
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

    PageControl control() {
        PageControl control;
        control.counts = [this](NodeId node, ByteSize size) { return of(node, size); };
        control.set = [this](NodeId node, ByteSize size, std::uint64_t reserved) {
            before_set();
            Pages& here = of(node, size);
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
        };
        control.spare = [this](ByteSize size) {
            std::uint64_t free = 0;
            for (const auto& [key, one] : pages) {
                free += key.second == size.bytes ? one.free : 0;
            }
            return free - std::min(free, promised);
        };
        control.hold = [](ByteSize) { return nullptr; };
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

}  // namespace ctl
