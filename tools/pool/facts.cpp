// How the facts for a plan are read.
#include "tools/common/failure.h"
#include "tools/pool/places.h"
#include "tools/pool/plan.h"
#include "tools/pool/snapshot.h"

#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace pool {
namespace {

NodeFacts look_at_folder(const Place& place) {
    NodeFacts facts;
    facts.folder = place.path;
    facts.existing = place.existing;
    facts.missing = place.missing;
    const int fd = place.folder.get();
    const auto file_system = hugepage::file_system_of(fd);
    struct statfs limits {};
    if (!file_system || ::fstatfs(fd, &limits) != 0) {
        throw tools::system_failure("look at the file system of " + place.existing,
                                    file_system ? errno : file_system.error().code);
    }
    facts.file_system = file_system.value();
    facts.mount = tools::mount_of(fd);
    // A mount that was given a size= or nr_inodes= hands out no more than that. Without one the kernel says
    // 0, or all bits set.
    if (limits.f_blocks != 0 && limits.f_blocks <= std::numeric_limits<std::uint32_t>::max()) {
        facts.mount_pages = limits.f_bfree;
    }
    if (limits.f_files != 0 && limits.f_files <= std::numeric_limits<std::uint32_t>::max()) {
        facts.mount_files = limits.f_ffree;
    }
    if (::faccessat(AT_FDCWD, own_path(fd).c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        facts.write_error = errno;
    }
    return facts;
}

}  // namespace

Facts look_at_machine(const Request& request) {
    Facts facts;
    facts.machine = ctl::read_machine();
    std::vector<std::string> wanted;
    for (const Share& share : request.shares) {
        const Place place =
            find_place(std::string(request.pattern.path_of(share.node).view()), {.user = request.owner});
        const NodeFacts& node = facts.nodes.emplace_back(look_at_folder(place));
        std::ranges::copy(paths_of(request.size, share.files, place.path), std::back_inserter(wanted));
        if (!node.is_on_hugetlbfs() || !node.missing.empty()) {
            continue;
        }
        const auto added =
            ctl::add_files_of(place.path, own_path(place.folder.get()), share.node, facts.files);
        if (!added) {
            throw tools::system_failure("list the folder " + place.path, added.error().code);
        }
    }
    // What a file is made of; whose it is to be, the request says.
    ctl::ask_as_the_shim(facts.files, nullptr);
    for (MemoryFile& file : facts.files) {
        if (file.size == request.size && file.is_on_hugetlbfs() && file.has_all_pages() &&
            !file.is_forbidden() && std::ranges::find(wanted, file.path) != wanted.end()) {
            look_at_pages(file, kAllPages);
        }
    }
    const Place place = find_place(place_of(request.pattern), kAnybody);
    facts.place_is_empty = !place.missing.empty() || is_empty(place.folder.get());
    return facts;
}

Facts without_files(const Request& request, const Machine& machine) {
    Facts facts;
    facts.machine = machine;
    facts.nodes.resize(request.shares.size());
    return facts;
}

}  // namespace pool
