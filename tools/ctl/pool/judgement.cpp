#include "tools/ctl/pool/judgement.h"

#include "tools/common/wording.h"

#include <fmt/format.h>
#include <pwd.h>

#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ctl {
namespace {

using hugepage::Reason;
using tools::quoted;

// For who isn't root: the folders are root's as a rule.
const char* sudo() {
    return ::geteuid() == 0 ? "" : "sudo ";
}

// hugepage-file-init makes files _0 to _<num - 1> and keeps those that are right.
std::string make_anew(const SurveyedFile& file, const PoolSurvey& pool) {
    std::string remove = fmt::format("{}rm {}", sudo(), quoted(file.path));
    const auto is_whole = [](const SurveyedFile& one) {
        const std::uint64_t page = one.file_system.page_size.bytes;
        return one.size.bytes > 0 && page > 0 && one.size.bytes % page == 0;
    };
    const auto like = std::ranges::find_if(pool.files, is_whole);
    if (!is_whole(file) && like == pool.files.end()) {
        return remove;
    }
    const ByteSize size = is_whole(file) ? file.size : like->size;
    const auto files = std::ranges::count_if(pool.files, [&](const SurveyedFile& one) {
        return one.node == file.node && (one.size == size || one.path == file.path);
    });
    return fmt::format("{} && {}hugepage-file-init --node {} --num {} --size {} {}{}", remove, sudo(),
                       file.node.value, files, hugepage::to_exact_text(size).view(),
                       option_of(pool.choice.pattern),
                       pool.user == 0 ? "" : " --user " + quoted(user_text(pool.user)));
}

std::string make_safe(const SurveyedFile& file, const PoolSurvey& pool) {
    const std::string path = quoted(file.path);
    if (file.size.bytes == 0) {
        return fmt::format("{}rm {}", sudo(), path);  // a link, or no file at all
    }
    const bool all_may_open = (file.mode & S_IRWXO) != 0;
    if (file.owner != 0 && file.owner != pool.user) {
        return fmt::format("{}chown {} {}{}", sudo(), quoted(user_text(pool.user)), path,
                           all_may_open ? fmt::format(" && {}chmod o= {}", sudo(), path) : "");
    }
    if (all_may_open) {
        return fmt::format("{}chmod o= {}", sudo(), path);
    }
    const std::string folder = quoted(file.path.substr(0, file.path.rfind('/')));
    return fmt::format("{}chown root {} && {}chmod o-w {}", sudo(), folder, sudo(), folder);
}

std::string next_of(Reason reason, const SurveyedFile& file, const PoolSurvey& pool) {
    switch (reason) {
        case Reason::insecure:
            return make_safe(file, pool);
        case Reason::permission:
            return fmt::format("{0}chown {1} {2} && {0}chmod u+rw {2}", sudo(), quoted(user_text(pool.user)),
                               quoted(file.path));
        case Reason::not_hugetlbfs:
            return "hugepagectl plan --help   (says how to mount hugetlbfs, where its files belong)";
        default:
            return make_anew(file, pool);
    }
}

}  // namespace

Judgement judge(const SurveyedFile& file, const PoolSurvey& pool) {
    Judgement judged;
    judged.is_leased = file.is_leased();
    const auto wrong = [&](bool is_usable, Reason reason, std::string why) {
        judged.is_usable = is_usable;
        judged.reason = hugepage::name_of(reason);
        judged.why = std::move(why);
        judged.next = next_of(reason, file, pool);
        return judged;
    };
    const auto not_seen = [&](bool is_usable, const char* reason, std::string why, std::string next) {
        return Judgement{judged.is_leased, is_usable, false, reason, std::move(why), std::move(next)};
    };
    if (file.is_forbidden()) {
        return not_seen(false, "permission", why(*file.refusal), "type the same with sudo");
    }
    if (file.refusal) {
        return wrong(false, file.refusal->reason, why(*file.refusal));
    }
    if (file.pages_error == EHWPOISON) {
        return wrong(false, Reason::map_failed, "a page's memory is damaged");
    }
    if (file.placement && file.placement->elsewhere > 0) {
        const bool is_used = !file.placement->mostly_elsewhere();
        return wrong(
            is_used, Reason::misplaced,
            fmt::format("{} of {} seen are not on node {}; some are on node {}{}", file.placement->elsewhere,
                        tools::counted(file.placement->checked, "page"), file.node.value,
                        file.placement->other.value, is_used ? "; it is used, with a warning" : ""));
    }
    if (file.pages_error != 0 || (file.placement && file.placement->absent > 0)) {
        return not_seen(true, "pages",
                        file.pages_error != 0 ? "its pages could not be looked at: " +
                                                    std::generic_category().message(file.pages_error)
                                              : "the kernel doesn't tell where all of its pages are",
                        "hugepagectl verify " + option_of(pool.choice.pattern));
    }
    return judged;
}

std::string user_text(uid_t user) {
    const passwd* entry = ::getpwuid(user);
    return entry != nullptr ? entry->pw_name : fmt::format("uid {}", user);
}

}  // namespace ctl
