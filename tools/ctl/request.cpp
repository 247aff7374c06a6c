#include "tools/ctl/request.h"

#include "shim/base/fd.h"
#include "tools/common/failure.h"
#include "tools/common/processes.h"
#include "tools/common/wording.h"
#include "tools/pool/environment.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <csignal>
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

struct Answer {
    int status = 0;    // as waitpid(2) has it
    std::string text;  // what the command wrote to stdout and stderr
};

// Runs a command with these variables alone, for root with the rights of the user. Throws tools::Failure if
// no process can be started.
Answer ask(const std::vector<std::string>& command, const Environment& variables, uid_t user,
           unsigned seconds) {
    constexpr std::size_t kMostText = 65536;
    const bool drops_rights = ::geteuid() == 0 && user != 0;
    const passwd* const entry = drops_rights ? ::getpwuid(user) : nullptr;
    const hugepage::Fd output(::memfd_create("answer", MFD_CLOEXEC));
    const pid_t parent = ::getpid();
    const pid_t pid = output.get() >= 0 ? ::fork() : -1;
    if (pid < 0) {
        throw tools::system_failure("start " + command.front(), errno);
    }
    if (pid == 0) {
        // The deadline outlives exec.
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        std::signal(SIGALRM, SIG_DFL);
        ::alarm(seconds);
        const rlimit most{kMostText, kMostText};
        ::setrlimit(RLIMIT_FSIZE, &most);
        ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
        ::dup2(output.get(), STDOUT_FILENO);
        ::dup2(output.get(), STDERR_FILENO);
        ::clearenv();
        for (const auto& [name, value] : variables) {
            ::setenv(name.c_str(), value.c_str(), 1);
        }
        // The parent's death signal is forgotten where rights change, so it is set after that.
        if ((!drops_rights || become(user, entry)) && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
            ::getppid() == parent) {
            ::execv(command.front().c_str(), as_list(command).data());
        }
        ::dprintf(STDERR_FILENO, "%s can't be started: %s\n", command.front().c_str(), ::strerror(errno));
        ::_exit(1);
    }
    Answer answer;
    while (::waitpid(pid, &answer.status, 0) < 0 && errno == EINTR) {
    }
    answer.text.resize(kMostText);
    const ssize_t length = ::pread(output.get(), answer.text.data(), kMostText, 0);
    answer.text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
    return answer;
}

}  // namespace

Finding try_request(const Pool& pool, const std::string& library, const std::string& self, unsigned seconds) {
    constexpr const char* kId = "request";
    const MemoryFile* smallest = nullptr;
    for (const MemoryFile& file : pool.files) {
        const FileJudgement judged = judge(file, pool);
        if (judged.is_usable && !judged.is_leased && (smallest == nullptr || file.size < smallest->size)) {
            smallest = &file;
        }
    }
    if (smallest == nullptr) {
        return {kId, Verdict::ok, "not tried: there is no free file"};
    }
    const MemoryFile& file = *smallest;
    const std::string pattern(pool.choice.pattern.text());
    const std::string bytes = std::to_string(file.size.bytes);
    const Answer answer = ask({self, kTryRequest, bytes},
                              {{"LD_PRELOAD", library},
                               {"HUGEPAGE_FILES_PATH_PATTERN", pattern},
                               {"HUGEPAGE_NODE", std::to_string(file.node.value)},
                               {"HUGEPAGE_MODE", "require"},
                               {"HUGEPAGE_ZERO", "never"},
                               {"HUGEPAGE_LOG", "warn"}},
                              pool.user.id, seconds);
    const std::string size = tools::size_text(file.size);
    auto lines = words_of(answer.text, "\n");
    if (answer.status == 0 && !lines.empty()) {
        return {kId, Verdict::ok,
                fmt::format("a request of {} was served by {}, and given back", size, lines.back())};
    }
    lines.emplace_back("no word of why");
    // What went wrong first was said first.
    const std::string why = !WIFSIGNALED(answer.status) ? lines.front()
                            : WTERMSIG(answer.status) == SIGALRM
                                ? fmt::format("no answer within {}", tools::counted(seconds, "second"))
                                : fmt::format("killed by signal {}", WTERMSIG(answer.status));
    return {
        kId, Verdict::fail,
        fmt::format("a request of {} by user {} was not served: {}", size, user_text(pool.user.id), why),
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
        throw tools::Failure(tools::ExitCode::failed, "the memory is no file's");
    }
    return path;
}

}  // namespace ctl
