#include "tools/ctl/setup/pool_files.h"

#include "shim/base/fd.h"
#include "shim/base/text_file.h"
#include "shim/request/lease.h"
#include "tools/common/failure.h"
#include "tools/common/holders.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

namespace ctl {
namespace {

void add(std::vector<PoolFile>& files, const std::string& path, NodeId node) {
    const auto opened = hugepage::Fd::open(path.c_str(), O_PATH | O_NOFOLLOW);
    struct stat facts {};
    if (!opened || ::fstat(opened.value().get(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
        return;
    }
    const auto file_system = hugepage::file_system_of(opened.value().get());
    if (!file_system || file_system.value().kind != hugepage::FileSystem::Kind::hugetlbfs) {
        return;
    }
    files.push_back({{path, node, {static_cast<std::uint64_t>(facts.st_size)}, file_system.value().page_size},
                     facts.st_dev,
                     facts.st_ino,
                     {}});
}

}  // namespace

std::vector<PoolFile> files_of(const Record& record) {
    std::vector<PoolFile> files;
    for (const FileMade& file : record.files) {
        add(files, file.path, file.node);
    }
    return files;
}

std::vector<PoolFile> files_of(const hugepage::FilePattern& pattern) {
    std::vector<PoolFile> files;
    const auto scan = [&](NodeId node) {
        const std::string folder(pattern.path_of(node).view());
        const auto listed = hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) {
            if (!name.starts_with('.')) {
                add(files, folder + "/" + std::string(name), node);
            }
        });
        if (!listed && listed.error().code == ENOTDIR) {
            add(files, folder, node);
        } else if (!listed && listed.error().code != ENOENT) {
            throw tools::system_failure("list " + folder, listed.error().code);
        }
    };
    // Not to throw through the core.
    std::vector<NodeId> nodes;
    const auto listed = pattern.for_each_node([&](NodeId node) { nodes.push_back(node); });
    if (!listed && listed.error().code != ENOENT && listed.error().code != ENOTDIR) {
        throw tools::system_failure("list " + std::string(pattern.searched_folder().view()),
                                    listed.error().code);
    }
    std::ranges::for_each(nodes, scan);
    std::ranges::sort(files, {},
                      [](const PoolFile& one) { return std::tuple(one.file.node, one.file.path); });
    return files;
}

void find_holders(std::vector<PoolFile>& files) {
    std::vector<std::pair<hugepage::FileId, std::size_t>> order;
    for (std::size_t i = 0; i < files.size(); ++i) {
        files[i].holders.clear();
        order.emplace_back(hugepage::FileId{files[i].device, files[i].inode}, i);
    }
    std::ranges::sort(order);
    std::vector<hugepage::FileId> ids;
    for (const auto& [id, index] : order) {
        ids.push_back(id);
    }
    const auto seen = hugepage::for_each_holder(ids, [&](std::size_t at, const hugepage::Holder& holder) {
        files[order[at].second].holders.push_back(
            {holder.pid, std::string(holder.command.view()), holder.running_since});
    });
    if (!seen) {
        throw tools::system_failure("look in /proc for who holds the files", seen.error().code);
    }
}

FileFate remove_file(const PoolFile& file) {
    const std::string& path = file.file.path;
    const auto is_same = [&](const struct stat& facts) {
        return facts.st_dev == file.device && facts.st_ino == file.inode;
    };
    const auto opened = hugepage::Fd::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!opened) {
        errno = opened.error().code;
        return errno == ENOENT || errno == ELOOP ? FileFate::missing : FileFate::failed;
    }
    const int fd = opened.value().get();
    struct stat facts {};
    if (::fstat(fd, &facts) != 0) {
        return FileFate::failed;
    }
    if (!is_same(facts)) {
        return FileFate::missing;
    }
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? FileFate::held : FileFate::failed;
    }
    if (::lstat(path.c_str(), &facts) != 0 || !is_same(facts)) {
        return FileFate::missing;
    }
    return ::unlink(path.c_str()) == 0 ? FileFate::removed : FileFate::failed;
}

}  // namespace ctl
