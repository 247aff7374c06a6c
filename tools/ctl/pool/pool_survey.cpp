#include "tools/ctl/pool/pool_survey.h"

#include "shim/base/fd.h"
#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/wording.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
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
std::optional<SurveyedFile> look_at(const std::string& path, NodeId node) {
    const auto file = hugepage::Fd::open(path.c_str(), O_PATH | O_NOFOLLOW);
    struct stat facts {};
    if (!file || ::fstat(file.value().get(), &facts) != 0 || S_ISDIR(facts.st_mode)) {
        return std::nullopt;
    }
    SurveyedFile found;
    found.node = node;
    found.path = path;
    found.id = {facts.st_dev, facts.st_ino};
    found.owner = facts.st_uid;
    found.mode = facts.st_mode & 07777;
    if (S_ISLNK(facts.st_mode)) {
        found.refusal = Refusal{Reason::insecure, "it is a symbolic link", 0};
        return found;
    }
    if (!S_ISREG(facts.st_mode)) {
        found.refusal = Refusal{Reason::insecure, "it is no regular file", 0};
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

// The names of the node's folder; or the pattern names the file itself.
void list_node(PoolSurvey& pool, NodeId node) {
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
        pool.blind.push_back({folder, listed.error().code});
    }
}

uid_t user_of(const PoolSurvey& pool) {
    if (::geteuid() != 0) {
        return ::geteuid();
    }
    std::map<uid_t, std::size_t> files;
    for (const SurveyedFile& file : pool.files) {
        if (file.owner != 0 && file.size.bytes > 0) {
            ++files[file.owner];
        }
    }
    const auto most = std::ranges::max_element(files, {}, [](const auto& entry) { return entry.second; });
    return most != files.end() ? most->first : 0;
}

// Root may open what the user may not. (The user's groups aren't asked for: one of them is taken to fit.)
bool may_open(const SurveyedFile& file, uid_t user) {
    constexpr mode_t kOwner = S_IRUSR | S_IWUSR;
    constexpr mode_t kGroup = S_IRGRP | S_IWGRP;
    if (user == 0 || user == ::geteuid()) {
        return true;
    }
    return file.owner == user ? (file.mode & kOwner) == kOwner : (file.mode & kGroup) == kGroup;
}

void ask_as_the_shim(SurveyedFile& file, uid_t user) {
    if (file.refusal) {
        return;
    }
    const auto fit = hugepage::inspect(file.path.c_str(), file.size, user);
    if (!fit) {
        file.refusal = fit.error();
    } else if (!may_open(file, user)) {
        file.refusal = Refusal{Reason::permission, "open", EACCES};
    }
}

bool is_our_look(const hugepage::Holder& holder) {
    const std::string_view command = holder.command.view();
    return !holder.has_locked && (command == "hugepagectl" || command == "hugepage-file-i");
}

}  // namespace

bool SurveyedFile::is_leased() const {
    return std::ranges::any_of(holders, [](const auto& holder) { return !is_our_look(holder); });
}

bool SurveyedFile::is_forbidden() const {
    return ::geteuid() != 0 && refusal && refusal->reason == Reason::permission;
}

bool SurveyedFile::has_all_pages() const {
    const std::uint64_t page = file_system.page_size.bytes;
    return file_system.kind != hugepage::FileSystem::Kind::other && size.bytes > 0 && page > 0 &&
           size.bytes % page == 0 && allocated >= size;
}

PoolSurvey survey(const PoolChoice& choice) {
    PoolSurvey pool;
    pool.choice = choice;
    std::vector<NodeId> nodes;
    const auto listed = choice.pattern.for_each_node([&](NodeId node) { nodes.push_back(node); });
    const std::string folder(choice.pattern.searched_folder().view());
    if (!listed) {
        throw tools::system_failure(
            fmt::format("list the pool's folder {} ({})", folder, choice.source), listed.error().code,
            listed.error().code == ENOENT
                ? "the file system is to be mounted and the files made, as after each reboot: see "
                  "'hugepagectl plan --help' and 'hugepage-file-init --help'"
                : "");
    }
    if (nodes.empty()) {
        throw tools::Failure(tools::ExitCode::failed,
                             fmt::format("find a pool in {} ({}): there is nothing named like {}; make files "
                                         "with hugepage-file-init --node N --num C --size S {}",
                                         folder, choice.source, choice.pattern.path_of(NodeId{0}).view(),
                                         option_of(choice.pattern)));
    }
    std::ranges::sort(nodes);
    for (const NodeId node : nodes) {
        list_node(pool, node);
    }
    for (SurveyedFile& file : pool.files) {
        file.name = file.path.starts_with(folder) ? file.path.substr(folder.size()) : file.path;
    }
    std::ranges::sort(pool.files, {}, [](const SurveyedFile& file) {
        return std::tuple(file.node, file.size, std::string_view(file.path));
    });
    pool.user = user_of(pool);
    std::set<std::pair<NodeId, hugepage::FileId>> seen;
    for (SurveyedFile& file : pool.files) {
        if (seen.emplace(file.node, file.id).second) {
            ask_as_the_shim(file, pool.user);
        } else {
            file.refusal =
                Refusal{Reason::no_file_for_size, "it is another name of a file in this folder", 0};
        }
    }
    return pool;
}

std::size_t find_holders(std::vector<PoolSurvey>& pools) {
    std::vector<SurveyedFile*> files;
    for (PoolSurvey& pool : pools) {
        for (SurveyedFile& file : pool.files) {
            if (file.size.bytes > 0) {
                files.push_back(&file);
            }
        }
    }
    std::ranges::sort(files, {}, &SurveyedFile::id);
    std::vector<hugepage::FileId> ids;
    for (const SurveyedFile* file : files) {
        ids.push_back(file->id);
    }
    const auto unseen = hugepage::for_each_holder(
        ids, [&](std::size_t i, const hugepage::Holder& holder) { files[i]->holders.push_back(holder); });
    if (!unseen) {
        throw tools::system_failure("look in /proc for who holds the files", unseen.error().code);
    }
    return unseen.value().processes;
}

std::string why(const Refusal& refusal) {
    return refusal.code == 0
               ? refusal.why
               : fmt::format("{}: {}", refusal.why, std::generic_category().message(refusal.code));
}

}  // namespace ctl
