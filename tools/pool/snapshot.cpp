#include "tools/pool/snapshot.h"

#include "shim/base/fd.h"
#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/lines.h"
#include "tools/common/wording.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace ctl {
namespace {

using hugepage::Reason;
using hugepage::Refusal;

// Nothing if it is none of the pool's, or gone again.
std::optional<MemoryFile> look_at(const std::string& path, NodeId node) {
    const auto file = hugepage::Fd::open(path.c_str(), O_PATH | O_NOFOLLOW);
    struct stat facts {};
    if (!file || ::fstat(file.value().get(), &facts) != 0 || S_ISDIR(facts.st_mode)) {
        return std::nullopt;
    }
    MemoryFile found;
    found.node = node;
    found.path = path;
    found.id = {facts.st_dev, facts.st_ino};
    found.owner = facts.st_uid;
    found.mode = facts.st_mode & 07777;
    if (!S_ISREG(facts.st_mode)) {
        found.refusal = Refusal{
            Reason::insecure, S_ISLNK(facts.st_mode) ? "it is a symbolic link" : "it is no regular file", 0};
        return found;
    }
    found.size = {static_cast<std::uint64_t>(facts.st_size)};
    found.allocated = {static_cast<std::uint64_t>(facts.st_blocks) * S_BLKSIZE};
    if (const auto file_system = hugepage::file_system_of(file.value().get())) {
        found.file_system = file_system.value();
    }
    if (found.size.bytes == 0) {
        found.refusal = Refusal{Reason::no_file_for_size, "it is empty", 0};
    }
    return found;
}

// The names in the node's folder; or the pattern names the file itself.
void list_node(Pool& pool, NodeId node) {
    const std::string folder(pool.choice.pattern.path_of(node).view());
    const auto add = [&](const std::string& path) {
        if (auto file = look_at(path, node)) {
            pool.files.push_back(std::move(*file));
        }
    };
    const auto listed = hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) {
        if (!name.starts_with('.')) {
            add(fmt::format("{}/{}", folder, name));
        }
    });
    if (!listed && listed.error().code == ENOTDIR) {
        add(folder);
    } else if (!listed) {
        pool.closed.push_back({folder, listed.error().code});
    }
}

User user_of(const Pool& pool) {
    if (::geteuid() != 0) {
        return User::of(::geteuid());
    }
    std::vector<uid_t> owners;
    for (const MemoryFile& file : pool.files) {
        if (file.size.bytes > 0) {
            owners.push_back(file.owner);
        }
    }
    return User::of(owner_of_most(owners));
}

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
            if (!pool.user.may(facts, is_last ? R_OK | X_OK : X_OK)) {
                if (std::ranges::find(pool.closed, path, &ClosedFolder::path) == pool.closed.end()) {
                    pool.closed.push_back({path, 0, facts.st_uid, facts.st_mode & 07777});
                }
                break;
            }
        }
    }
}

void ask_as_the_shim(MemoryFile& file, const User& user) {
    if (file.refusal) {
        return;
    }
    const auto fit = hugepage::inspect(file.path.c_str(), file.size, user.id);
    struct stat facts {};
    if (!fit) {
        file.refusal = fit.error();
    } else if (::lstat(file.path.c_str(), &facts) == 0 && !user.may(facts, R_OK | W_OK)) {
        file.refusal = Refusal{Reason::permission, "open", EACCES};
    }
}

bool is_our_look(const tools::Holder& holder) {
    return !holder.has_locked && (holder.command == "hugepagectl" || holder.command == "hugepage-file-i");
}

hugepage::Result<hugepage::Placement> look_at_file(const MemoryFile& file, std::size_t most,
                                                   const std::function<void(std::uint64_t)>& advanced) {
    const auto opened = hugepage::Fd::open(file.path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!opened) {
        return opened.error();
    }
    struct stat facts {};
    if (::fstat(opened.value().get(), &facts) != 0) {
        return hugepage::Error{"fstat", errno};
    }
    // It may be another by now, or have been cut: then a look at its pages would allocate some.
    if (tools::FileId{facts.st_dev, facts.st_ino} != file.id ||
        static_cast<std::uint64_t>(facts.st_size) != file.size.bytes ||
        static_cast<std::uint64_t>(facts.st_blocks) * S_BLKSIZE < file.size.bytes) {
        return hugepage::Error{"look again", ESTALE};
    }
    return pool::placement_of_file(opened.value().get(), file.size, file.file_system.page_size, file.node,
                                   most, advanced);
}

// The first pid namespace sees all processes and their locks. Its number is fixed (PROC_PID_INIT_INO).
bool sees_all_processes(const Root& root) {
    std::array<char, 64> name{};
    const ssize_t length = ::readlink((root.proc + "/self/ns/pid").c_str(), name.data(), name.size());
    return length <= 0 ||
           std::string_view(name.data(), static_cast<std::size_t>(length)) == "pid:[4026531836]";
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
        const auto bytes = hugepage::parse_number(hugepage::value_in(file).value_or(""), UINT64_MAX);
        if (bytes && name.find('.') == std::string_view::npos) {  // not "2MB.rsvd": files reserve nothing
            limits.push_back({std::string(name), *bytes, file});
        }
    }));
}

}  // namespace

uid_t owner_of_most(const std::vector<uid_t>& owners) {
    std::map<uid_t, std::size_t> files;
    for (const uid_t owner : owners) {
        files[owner] += owner != 0 ? 1U : 0U;
    }
    const auto most = std::ranges::max_element(files, {}, [](const auto& entry) { return entry.second; });
    return most != files.end() ? most->first : 0;
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

bool User::may(const struct stat& facts, int access) const {
    constexpr unsigned kOwnerShift = 6;
    constexpr unsigned kGroupShift = 3;
    const unsigned shift = facts.st_uid == id                                        ? kOwnerShift
                           : std::ranges::find(groups, facts.st_gid) != groups.end() ? kGroupShift
                                                                                     : 0;
    const auto wanted = static_cast<unsigned>(access);
    return id == 0 || (facts.st_mode >> shift & wanted) == wanted;
}

std::string user_text(uid_t user) {
    const passwd* entry = ::getpwuid(user);
    return entry != nullptr ? entry->pw_name : std::to_string(user);
}

bool MemoryFile::is_leased() const {
    return std::ranges::any_of(holders, [](const auto& holder) { return !is_our_look(holder); });
}

bool MemoryFile::is_forbidden() const {
    return ::geteuid() != 0 && refusal && refusal->reason == Reason::permission;
}

bool MemoryFile::has_all_pages() const {
    const std::uint64_t page = file_system.page_size.bytes;
    return file_system.kind != hugepage::FileSystem::Kind::other && size.bytes > 0 && page > 0 &&
           size.bytes % page == 0 && allocated >= size;
}

Pool read_pool(const PoolChoice& choice, std::optional<uid_t> user) {
    Pool pool;
    pool.choice = choice;
    std::vector<NodeId> nodes;
    const auto listed = choice.pattern.for_each_node([&](NodeId node) { nodes.push_back(node); });
    const std::string folder(choice.pattern.searched_folder().view());
    if (!listed) {
        throw tools::system_failure(
            fmt::format("list the pool's folder {} ({})", folder, choice.source), listed.error().code,
            listed.error().code == ENOENT ? "hugetlbfs must be mounted and the files made, after each reboot "
                                            "too: see 'hugepagectl plan --help'"
                                          : "");
    }
    if (nodes.empty()) {
        throw tools::Failure(
            tools::ExitCode::failed,
            fmt::format("find a pool in {} ({}): there is nothing named like {}; 'hugepagectl plan' says "
                        "what makes one",
                        folder, choice.source, choice.pattern.path_of(NodeId{0}).view()));
    }
    std::ranges::sort(nodes);
    for (const NodeId node : nodes) {
        list_node(pool, node);
    }
    for (MemoryFile& file : pool.files) {
        file.name = file.path.starts_with(folder) ? file.path.substr(folder.size()) : file.path;
    }
    std::ranges::sort(pool.files, {}, [](const MemoryFile& file) {
        return std::tuple(file.node, file.size, std::string_view(file.path));
    });
    pool.user = user ? User::of(*user) : user_of(pool);
    find_closed_folders(pool, nodes);
    std::set<std::pair<NodeId, tools::FileId>> seen;
    for (MemoryFile& file : pool.files) {
        if (seen.emplace(file.node, file.id).second) {
            ask_as_the_shim(file, pool.user);
        } else {
            file.refusal =
                Refusal{Reason::no_file_for_size, "it is another name of a file in this folder", 0};
        }
    }
    return pool;
}

std::size_t find_holders(std::vector<Pool>& pools, const Root& root) {
    std::set<tools::FileId> ids;
    for (const Pool& pool : pools) {
        for (const MemoryFile& file : pool.files) {
            ids.insert(file.id);
        }
    }
    tools::Holders found = tools::find_holders(ids, root.proc);
    for (Pool& pool : pools) {
        pool.sees_holders = sees_all_processes(root);
        for (MemoryFile& file : pool.files) {
            file.holders = found.of_file[file.id];
        }
    }
    return found.unseen_processes;
}

void look_at_pages(Pool& pool, std::size_t most_of_a_file,
                   const std::function<void(std::uint64_t bytes)>& advanced) {
    for (MemoryFile& file : pool.files) {
        if (!file.has_all_pages() || file.is_forbidden()) {
            continue;
        }
        const auto placement = look_at_file(file, most_of_a_file, advanced);
        if (placement) {
            file.placement = placement.value();
        } else {
            file.pages_error = placement.error().code;
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
