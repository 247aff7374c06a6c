#include "tools/ctl/try_request.h"

#include "tools/common/child.h"
#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/common/processes.h"
#include "tools/common/values.h"
#include "tools/pool/environment.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace ctl {
namespace {

bool become(uid_t user, const passwd* entry) {
    constexpr gid_t kNobody = 65534;
    const gid_t group = entry != nullptr ? entry->pw_gid : kNobody;
    const int groups = entry != nullptr ? ::initgroups(entry->pw_name, group) : ::setgroups(0, nullptr);
    return groups == 0 && ::setresgid(group, group, group) == 0 && ::setresuid(user, user, user) == 0;
}

// As `user`, where root asks, and for so long at most; with these variables alone.
tools::Ended ask(const std::vector<std::string>& command, const Environment& variables, uid_t user,
                 unsigned seconds) {
    const bool drops_rights = ::geteuid() == 0 && user != 0;
    const passwd* const entry = drops_rights ? ::getpwuid(user) : nullptr;
    const auto prepare = [&] {
        const rlimit most{65536, 65536};
        ::setrlimit(RLIMIT_FSIZE, &most);
        ::clearenv();
        for (const auto& [name, value] : variables) {
            ::setenv(name.c_str(), value.c_str(), 1);
        }
        if (drops_rights && !become(user, entry)) {
            ::dprintf(STDERR_FILENO, "take the rights of user %u: %s\n", user, ::strerror(errno));
            ::_exit(1);
        }
    };
    return tools::run_child(command, nullptr, prepare, std::chrono::seconds(seconds));
}

}  // namespace

Finding try_request(const Pool& pool, const std::string& library, const std::string& self, unsigned seconds) {
    constexpr const char* kId = "request";
    constexpr int kSignalBase = 128;
    const MemoryFile* smallest = nullptr;
    for (const MemoryFile& file : pool.files) {
        if (!file.is_leased() && judge(file, pool).is_usable &&
            (smallest == nullptr || file.size < smallest->size)) {
            smallest = &file;
        }
    }
    if (smallest == nullptr) {
        return {kId, Verdict::ok, "not tried: there is no free file"};
    }
    const MemoryFile& file = *smallest;
    const std::string pattern(pool.choice.pattern.text());
    const std::string bytes = std::to_string(file.size.bytes);
    const tools::Ended answer = ask({self, kTryRequest, bytes},
                                    {{"LD_PRELOAD", library},
                                     {"HUGEPAGE_FILES_PATH_PATTERN", pattern},
                                     {"HUGEPAGE_NODE", std::to_string(file.node.value)},
                                     {"HUGEPAGE_MODE", "require"},
                                     {"HUGEPAGE_ZERO", "never"},
                                     {"HUGEPAGE_LOG", "warn"}},
                                    pool.user.id, seconds);
    const std::string size = tools::size_text(file.size);
    const auto lines = tools::words_of(answer.output, "\n");
    if (answer.status == 0 && !lines.empty()) {
        return {kId, Verdict::ok,
                fmt::format("a request of {} was served by {}, and given back", size, lines.back())};
    }
    // What went wrong first was said first.
    auto said = tools::words_of(answer.errors + answer.output, "\n");
    said.emplace_back("no word of why");
    const std::string why =
        answer.is_late                ? fmt::format("no answer within {}", tools::counted(seconds, "second"))
        : answer.status > kSignalBase ? fmt::format("killed by signal {}", answer.status - kSignalBase)
                                      : said.front();
    return {
        kId, Verdict::fail,
        fmt::format("a request of {} by user {} was not served: {}", size, tools::user_text(pool.user.id),
                    why),
        "A sealer would not be served either.",
        fmt::format("HUGEPAGE_FILES_PATH_PATTERN={} HUGEPAGE_LOG=trace LD_PRELOAD={} {} {} {}",
                    tools::quoted(pattern), tools::quoted(library), tools::quoted(self), kTryRequest, bytes)};
}

std::string make_request(ByteSize size) {
    void* const memory =
        ::mmap(nullptr, size.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw tools::system_failure("map memory", errno);
    }
    std::string path;
    for (const tools::MappedArea& area : tools::read_process(::getpid()).areas) {
        if (area.begin == std::bit_cast<std::uintptr_t>(memory)) {
            path = area.file ? area.path : "";
        }
    }
    ::munmap(memory, size.bytes);
    if (path.empty()) {
        tools::fail("the memory is no file's");
    }
    return path;
}

}  // namespace ctl
