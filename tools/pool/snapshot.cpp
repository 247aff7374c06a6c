#include "tools/pool/snapshot.h"

#include "shim/base/fd.h"
#include "shim/base/text_file.h"
#include "tools/common/lines.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace ctl {
namespace {

// Root lists what the pool's user may not reach. Each such folder once; those below it don't matter.
void find_closed_folders(Pool& pool, const std::vector<NodeId>& nodes) {
    for (const NodeId node : nodes) {
        const std::string folder(pool.choice.pattern.path_of(node).view());
        for (std::size_t end = 0; end != std::string::npos;) {
            end = folder.find('/', end + 1);
            const std::string path = folder.substr(0, end);
            struct stat facts {};
            if (::stat(path.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) {
                break;
            }
            const bool is_last = end == std::string::npos;
            // A list of other users' rights says more than the mode. Whether it lets this one in, doctor's
            // own request tells.
            const bool has_access_list = ::getxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
            if (!has_access_list &&
                !pool.user.may(facts.st_uid, facts.st_gid, facts.st_mode, is_last ? R_OK | X_OK : X_OK)) {
                if (std::ranges::find(pool.closed, path, &ClosedFolder::path) == pool.closed.end()) {
                    pool.closed.push_back({path, 0, facts.st_uid, facts.st_mode & 07777});
                }
                break;
            }
        }
    }
}

std::optional<hugepage::Refusal> refusal_of(const MemoryFile& file, const User& user) {
    if (file.refusal) {
        return file.refusal;
    }
    const auto fit = hugepage::inspect(file.path.c_str(), file.size, user.id);
    if (fit && !user.may(file.owner, file.group, file.mode, R_OK | W_OK)) {
        return hugepage::Refusal{hugepage::Reason::permission, "open", EACCES};
    }
    return fit ? std::nullopt : std::optional(fit.error());
}

// The first pid namespace sees all processes and their locks. Its number is fixed (PROC_PID_INIT_INO).
bool sees_all_processes(const Root& root) {
    std::error_code error;
    const auto name = std::filesystem::read_symlink(root.proc + "/self/ns/pid", error);
    return error || name == "pid:[4026531836]";
}

void read_limits(const std::string& folder, std::vector<GroupLimit>& limits) {
    constexpr std::string_view kPrefix = "hugetlb.";
    constexpr std::string_view kSuffix = ".max";
    static_cast<void>(hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) {
        if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) {
            return;
        }
        const std::string file = folder + "/" + std::string(name);
        name.remove_prefix(kPrefix.size());
        name.remove_suffix(std::min(name.size(), kSuffix.size()));
        const auto bytes = hugepage::number_in(file);
        if (bytes && name.find('.') == std::string_view::npos) {  // not "2MB.rsvd": files reserve nothing
            limits.push_back({std::string(name), *bytes, file});
        }
    }));
}

}  // namespace

const MemoryFile* of_main_owner(const std::vector<MemoryFile>& files) {
    std::map<uid_t, std::size_t> owned;
    for (const MemoryFile& file : files) {
        owned[file.owner] += file.owner != 0 && file.size.bytes > 0 ? 1U : 0U;
    }
    const auto found = std::ranges::max_element(files, {}, [&](const MemoryFile& file) {
        return std::pair(file.size.bytes > 0, owned.at(file.owner));
    });
    return found != files.end() && found->size.bytes > 0 ? &*found : nullptr;
}

User User::of(uid_t id) {
    constexpr int kMost = 65536;
    User user{id, {}};
    if (id == ::geteuid()) {
        user.groups.resize(kMost);
        user.groups.resize(static_cast<std::size_t>(std::max(::getgroups(kMost, user.groups.data()), 0)));
        user.groups.push_back(::getegid());
    } else if (const passwd* entry = ::getpwuid(id)) {
        int count = kMost;
        user.groups.resize(kMost);
        static_cast<void>(::getgrouplist(entry->pw_name, entry->pw_gid, user.groups.data(), &count));
        user.groups.resize(static_cast<std::size_t>(std::min(count, kMost)));
    }
    return user;
}

bool User::may(uid_t owner, gid_t group, mode_t mode, int access) const {
    constexpr unsigned kOwnerShift = 6;
    constexpr unsigned kGroupShift = 3;
    const unsigned shift = owner == id                                        ? kOwnerShift
                           : std::ranges::find(groups, group) != groups.end() ? kGroupShift
                                                                              : 0;
    const auto wanted = static_cast<unsigned>(access);
    return id == 0 || (mode >> shift & wanted) == wanted;
}

hugepage::Status add_files_of(const std::string& folder, const std::string& opened_as, NodeId node,
                              std::vector<MemoryFile>& files) {
    const auto opened = hugepage::Fd::open(opened_as.c_str(), O_RDONLY | O_DIRECTORY);
    if (!opened) {
        return opened.error();
    }
    return hugepage::for_each_entry_until(opened.value(), [&](std::string_view name) {
        auto file = name.starts_with('.')
                        ? std::nullopt
                        : pool::look_at(fmt::format("{}/{}", folder, name), node, opened.value().get());
        if (file) {
            files.push_back(std::move(*file));
        }
        return false;
    });
}

void ask_as_the_shim(std::vector<MemoryFile>& files, const User* user) {
    std::ranges::sort(files, {}, [](const MemoryFile& file) {
        return std::tuple(file.node, file.size, std::string_view(file.path));
    });
    std::set<std::pair<NodeId, tools::FileId>> seen;
    for (MemoryFile& file : files) {
        file.refusal = seen.emplace(file.node, file.id).second
                           ? refusal_of(file, user != nullptr ? *user : User::of(file.owner))
                           : hugepage::Refusal{hugepage::Reason::no_file_for_size,
                                               "it is another name of a file in this folder", 0};
    }
}

Pool read_pool(const PoolChoice& choice, std::optional<uid_t> user) {
    Pool pool;
    pool.choice = choice;
    std::vector<NodeId> nodes;
    const auto listed = choice.pattern.for_each_node([&](NodeId node) { nodes.push_back(node); });
    const std::string folder(choice.pattern.searched_folder().view());
    if (!listed) {
        const int error = listed.error().code;
        const std::string tried = fmt::format("list the pool's folder {} ({})", folder, choice.source);
        if (error == ENOENT || error == ENOTDIR) {
            throw NoPool(tools::ExitCode::failed,
                         tools::system_failure(
                             tried, error,
                             error == ENOENT ? "hugetlbfs must be mounted and the files made, after "
                                               "each reboot too: 'hugepagectl plan --sector 32GiB' says how"
                                             : "")
                             .what());
        }
        throw tools::system_failure(tried, error);
    }
    if (nodes.empty()) {
        throw NoPool(
            tools::ExitCode::failed,
            fmt::format("find a pool in {} ({}): there is nothing named like {}; 'hugepagectl plan' says "
                        "what makes one",
                        folder, choice.source, choice.pattern.path_of(NodeId{0}).view()));
    }
    std::ranges::sort(nodes);
    for (const NodeId node : nodes) {
        const std::string path(choice.pattern.path_of(node).view());
        const auto added = add_files_of(path, path, node, pool.files);
        if (!added && added.error().code != ENOTDIR) {
            pool.closed.push_back({path, added.error().code});
        } else if (auto file = added ? std::nullopt : pool::look_at(path, node)) {
            pool.files.push_back(std::move(*file));  // the pattern names the file itself
        }
    }
    std::erase_if(pool.files, [](const MemoryFile& file) { return file.type == S_IFDIR; });
    for (MemoryFile& file : pool.files) {
        file.name = file.path.starts_with(folder) ? file.path.substr(folder.size()) : file.path;
    }
    const MemoryFile* const file = of_main_owner(pool.files);
    pool.user = User::of(user ? *user : ::geteuid() != 0 ? ::geteuid() : file != nullptr ? file->owner : 0);
    find_closed_folders(pool, nodes);
    ask_as_the_shim(pool.files, &pool.user);
    return pool;
}

tools::Holders find_holders(std::vector<Pool>& pools, const Root& root) {
    std::vector<std::span<MemoryFile>> lists;
    for (Pool& pool : pools) {
        pool.sees_holders = sees_all_processes(root);
        lists.emplace_back(pool.files);
    }
    return pool::find_holders(lists, root.proc);
}

void look_at_pages(Pool& pool, std::size_t most_of_a_file, const pool::Advanced& advanced) {
    for (MemoryFile& file : pool.files) {
        if (file.has_all_pages() && !file.is_forbidden()) {
            look_at_pages(file, most_of_a_file, advanced);
        }
    }
}

Settings read_settings(const Root& root) {
    Settings settings;
    // The word in brackets of "always [madvise] never".
    const std::string thp =
        hugepage::value_in(root.sys + "/kernel/mm/transparent_hugepage/enabled").value_or("");
    const std::size_t begin = thp.find('[') + 1;
    if (const std::size_t end = thp.find(']'); begin != 0 && end != std::string::npos) {
        settings.thp = thp.substr(begin, end - begin);
    }
    if (const auto nodes = hugepage::value_in(root.of_process("status"), "Mems_allowed_list:")) {
        settings.mems_allowed = hugepage::parse_node_list(*nodes);
    }
    // Of the process's group and of those around it.
    const std::string groups = root.sys + "/fs/cgroup";
    if (const auto group = hugepage::value_in(root.of_process("cgroup"), "0::/")) {
        for (std::string path = *group; !path.empty();
             path.resize(path.find('/') == std::string::npos ? 0 : path.rfind('/'))) {
            read_limits(groups + "/" + path, settings.group_limits);
        }
        read_limits(groups, settings.group_limits);
    }
    std::ranges::sort(settings.group_limits, {}, &GroupLimit::file);
    return settings;
}

}  // namespace ctl
