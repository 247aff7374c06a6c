// Files, one by one.
#include "shim/base/text_file.h"
#include "tools/common/command_line.h"
#include "tools/common/values.h"
#include "tools/pool/judge.h"
#include "tools/pool/request.h"

#include <fmt/format.h>

#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <utility>

namespace ctl {
namespace {

using hugepage::Reason;
using tools::quoted;

// For who isn't root: the folders are root's as a rule.
const char* sudo() {
    return ::geteuid() == 0 ? "" : "sudo ";
}

bool is_of_another(const MemoryFile& file, const Pool& pool) {
    return file.owner != 0 && file.owner != pool.user.id;
}

// The <N> of a name "<size>_<N>" that hugepage-file-init gives.
std::optional<std::uint64_t> number_of(const MemoryFile& file, ByteSize size) {
    std::string stem = pool::paths_of(size, 1, file.path.substr(0, file.path.rfind('/'))).front();
    stem.pop_back();
    return file.type == S_IFREG && file.path.starts_with(stem)
               ? hugepage::parse_number(file.path.substr(stem.size()), pool::kMostFiles - 1)
               : std::nullopt;
}

// How many files setup would have made on the node, going by their names.
std::size_t made_by_setup(const Pool& pool, NodeId node, ByteSize size) {
    std::size_t made = 0;
    for (const MemoryFile& one : pool.files) {
        const auto number = one.node == node ? number_of(one, size) : std::nullopt;
        made = std::max(made, number ? *number + 1 : 0);
    }
    return made;
}

bool has_holes(const MemoryFile& file) {
    return file.has_whole_pages() && file.refusal && file.refusal->reason == Reason::not_populated;
}

// Setup makes files _0 to _<num - 1> of one size, and those of them anew that are wrong. One of another name
// goes; if it has holes, one more of setup's is made for it.
std::string make_anew(const MemoryFile& file, const Pool& pool) {
    const auto like = std::ranges::find_if(pool.files, [&](const MemoryFile& one) {
        return one.is_on_hugetlbfs() && one.has_whole_pages() && number_of(file, one.size);
    });
    if (like != pool.files.end()) {
        return setup_for(pool, file.node, made_by_setup(pool, file.node, like->size), *like);
    }
    std::string remove = fmt::format("{}rm {}", sudo(), quoted(file.path));
    if (!has_holes(file)) {
        return remove;
    }
    std::size_t files = made_by_setup(pool, file.node, file.size);
    for (const MemoryFile& one : pool.files) {
        const bool is_another = one.node == file.node && one.size == file.size && !number_of(one, file.size);
        files += is_another && has_holes(one) ? 1U : 0U;
    }
    return remove + " && " + setup_for(pool, file.node, files, file);
}

// A file is never handed to another user: the last one's labels are in it.
std::string next_of(Reason reason, const MemoryFile& file, const Pool& pool) {
    if (reason == Reason::not_hugetlbfs) {
        return kPlanFirst;
    }
    if (reason != Reason::insecure || file.size.bytes == 0 || is_of_another(file, pool)) {
        return make_anew(file, pool);
    }
    const std::string folder = quoted(file.path.substr(0, file.path.rfind('/')));
    return (file.mode & S_IRWXO) != 0 ? fmt::format("{}chmod o= {}", sudo(), quoted(file.path))
                                      : fmt::format("{0}chown root {1} && {0}chmod o-w {1}", sudo(), folder);
}

std::string why_of(const MemoryFile& file, const Pool& pool) {
    const hugepage::Refusal& refusal = *file.refusal;
    const std::string users = tools::user_text(pool.user.id);
    if (refusal.reason == Reason::insecure && is_of_another(file, pool)) {
        return fmt::format("it belongs to {}, and {} is to use it", tools::user_text(file.owner), users);
    }
    if (refusal.reason == Reason::insecure && file.size.bytes > 0 && (file.mode & S_IRWXO) != 0) {
        return fmt::format("others may open it (mode {:04o})", file.mode);
    }
    if (refusal.reason == Reason::permission && !file.is_forbidden()) {
        return fmt::format("{} may not read and write it (owner {}, mode {:04o})", users,
                           tools::user_text(file.owner), file.mode);
    }
    return refusal.code == 0
               ? refusal.why
               : fmt::format("{}: {}", refusal.why, std::generic_category().message(refusal.code));
}

}  // namespace

const char* name_of(Verdict verdict) {
    constexpr const char* kNames[] = {"ok", "warn", "fail", "unseen"};
    return kNames[static_cast<std::size_t>(verdict)];
}

void append(Findings& all, Findings more) {
    std::ranges::move(more, std::back_inserter(all));
}

std::size_t count(const Findings& findings, Verdict verdict) {
    return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

FileJudgement judge(const MemoryFile& file, const Pool& pool) {
    const bool is_leased = file.is_leased();
    const auto state_if = [&](bool is_usable) {
        return is_leased ? "leased" : !is_usable ? "unusable" : pool.sees_holders ? "free" : "unknown";
    };
    const auto found = [&](Verdict verdict, const std::string& id, const std::string& what,
                           std::string next) {
        const bool is_usable = verdict != Verdict::fail && !file.is_forbidden();
        const char* why = is_leased && verdict != Verdict::unseen ? "Wait until it is no longer leased." : "";
        return FileJudgement{is_usable,
                             what,
                             {id, verdict, fmt::format("{}: {}", file.name, what), why, std::move(next)},
                             state_if(is_usable)};
    };
    const auto wrong = [&](Verdict verdict, Reason reason, const std::string& what) {
        return found(verdict, std::string(hugepage::name_of(reason)), what, next_of(reason, file, pool));
    };
    if (file.is_forbidden()) {
        return found(Verdict::unseen, "permission", why_of(file, pool), "type the same with sudo");
    }
    if (file.refusal) {
        return wrong(Verdict::fail, file.refusal->reason, why_of(file, pool));
    }
    if (file.pages_error == EHWPOISON) {
        return wrong(Verdict::fail, Reason::map_failed, "a page's memory is damaged");
    }
    if (file.placement && file.placement->elsewhere > 0) {
        const bool is_used = !file.placement->mostly_elsewhere();
        return wrong(
            is_used ? Verdict::warn : Verdict::fail, Reason::misplaced,
            fmt::format("{} of {} seen are not on node {}; some are on node {}{}", file.placement->elsewhere,
                        tools::counted(file.placement->checked, "page"), file.node.value,
                        file.placement->other.value, is_used ? "; it is used, with a warning" : ""));
    }
    if (file.pages_error != 0 || (file.placement && file.placement->absent > 0)) {
        return found(Verdict::unseen, "pages",
                     file.pages_error != 0 ? "its pages could not be looked at: " +
                                                 std::generic_category().message(file.pages_error)
                                           : "the kernel doesn't tell where all of its pages are",
                     "hugepagectl verify " + option_of(pool.choice.pattern));
    }
    return {true, {}, {}, state_if(true)};
}

std::string setup_for(const Pool& pool, NodeId node, std::size_t files, const MemoryFile& like) {
    if (!like.is_on_hugetlbfs()) {  // but on tmpfs, for trying things out
        return kPlanFirst;
    }
    pool::Request request;
    request.shares = {{node, files}};
    request.size = like.size;
    request.page_size = like.file_system.page_size;
    request.pattern = pool.choice.pattern;
    request.owner = pool.user.id != 0 ? std::optional(pool.user.id) : std::nullopt;
    return pool::setup_command(request);
}

}  // namespace ctl
