// A machine with one node, a 2 MiB mount and enough pages, and a request that fits it: each test spoils one
// thing.
#pragma once

#include "tools/common/failure.h"
#include "tools/file_init/facts.h"
#include "tools/file_init/plan.h"
#include "tools/file_init/request.h"

#include <functional>
#include <string>

namespace file_init {

inline constexpr ByteSize kPage{std::uint64_t{2} << 20};
inline constexpr ByteSize kGiB{std::uint64_t{1} << 30};

inline Request two_files_of_a_gib() {
    Request request;
    request.node = NodeId{0};
    request.count = 2;
    request.size = kGiB;
    request.size_as_typed = "1GiB";
    request.pattern = *hugepage::FilePattern::in_folder("/mnt/huge");
    return request;
}

inline FileFacts right_file(const std::string& path, ino_t inode) {
    FileFacts file;
    file.path = path;
    file.kind = FileFacts::Kind::regular;
    file.on_hugetlbfs = true;
    file.size = kGiB;
    file.allocated = kGiB;
    file.mode = 0600;
    file.inode = inode;
    file.placement = hugepage::Placement{.checked = 512, .elsewhere = 0, .other = {}, .absent = 0};
    return file;
}

inline Facts empty_folder(const Request& request) {
    Facts facts;
    facts.folder.path = "/mnt/huge/numa_0";
    facts.folder.existing = "/mnt/huge/numa_0";
    facts.folder.file_system = {hugepage::FileSystem::Kind::hugetlbfs, kPage};
    facts.folder.mount = tools::Mount{2, "/mnt/huge", "hugetlbfs", "rw,pagesize=2M"};
    for (const std::string& path : paths_of(request, facts.folder.path)) {
        FileFacts file;
        file.path = path;
        facts.files.push_back(file);
    }
    facts.node_pages = {.total = 2000, .free = 1500, .reserved = 0};
    facts.machine_pages = {.total = 4000, .free = 3000, .reserved = 0};
    return facts;
}

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

}  // namespace file_init
