#include "tools/ctl/request.h"

#include "shim/base/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/fd.h"
#include "tools/common/kernel_tables.h"
#include "tools/common/lines.h"
#include "tools/common/wording.h"
#include "tools/pool/environment.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <vector>

namespace ctl {
namespace {

constexpr std::size_t kMostText = 65536;

struct ChildEnd {
    int status = 0;    // as waitpid(2) has it
    std::string text;  // what it wrote to stdout and stderr
};

bool become(uid_t user, const passwd* entry) {
    constexpr gid_t kNobody = 65534;
    const gid_t group = entry != nullptr ? entry->pw_gid : kNobody;
    const int groups = entry != nullptr ? ::initgroups(entry->pw_name, group) : ::setgroups(0, nullptr);
    return groups == 0 && ::setresgid(group, group, group) == 0 && ::setresuid(user, user, user) == 0;
}

// With an empty stdin. Throws tools::Failure if no process can be started.
ChildEnd ask(const std::vector<std::string>& command, const Environment& environment, uid_t user,
             unsigned seconds) {
    const std::vector<char*> arguments = as_list(command);
    const std::vector<char*> variables = environment.list();
    const bool drops_rights = ::geteuid() == 0 && user != 0;
    const passwd* const entry = drops_rights ? ::getpwuid(user) : nullptr;
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw tools::system_failure("make a pipe", errno);
    }
    const tools::Fd reading(ends[0]);
    tools::Fd writing(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        throw tools::system_failure("start " + command.front(), errno);
    }
    if (pid == 0) {
        // The deadline outlives exec, and is for the child's end, not for that of its output.
        sigset_t alarm_signal;
        sigemptyset(&alarm_signal);
        sigaddset(&alarm_signal, SIGALRM);
        std::signal(SIGALRM, SIG_DFL);
        ::sigprocmask(SIG_UNBLOCK, &alarm_signal, nullptr);
        ::alarm(seconds);
        ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
        ::dup2(writing.get(), STDOUT_FILENO);
        ::dup2(writing.get(), STDERR_FILENO);
        // The parent's death signal is forgotten where rights change, so it is set after that.
        if ((!drops_rights || become(user, entry)) && ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
            ::getppid() == parent) {
            ::execve(arguments.front(), arguments.data(), variables.data());
        }
        ::dprintf(STDERR_FILENO, "%s can't be started: %s\n", arguments.front(), ::strerror(errno));
        ::_exit(1);
    }
    writing = tools::Fd();
    ChildEnd answer;
    std::array<char, 4096> buffer{};
    ssize_t length = 0;
    while ((length = ::read(reading.get(), buffer.data(), buffer.size())) > 0 ||
           (length < 0 && errno == EINTR)) {
        if (length > 0 && answer.text.size() < kMostText) {
            answer.text.append(buffer.data(), static_cast<std::size_t>(length));
        }
    }
    while (::waitpid(pid, &answer.status, 0) < 0 && errno == EINTR) {
    }
    return answer;
}

}  // namespace

Finding try_request(const Pool& pool, const std::string& library, const std::string& self, unsigned seconds) {
    constexpr const char* kId = "request";
    std::vector<const MemoryFile*> free;
    for (const MemoryFile& file : pool.files) {
        if (const FileJudgement judged = judge(file, pool); judged.is_usable && !judged.is_leased) {
            free.push_back(&file);
        }
    }
    const auto smallest =
        std::ranges::min_element(free, {}, [](const MemoryFile* file) { return file->size; });
    if (smallest == free.end()) {
        return {kId, Verdict::ok, "not tried: there is no free file", "", ""};
    }
    const MemoryFile& file = **smallest;
    const std::string pattern(pool.choice.pattern.text());
    Environment environment;
    environment.set("LD_PRELOAD", library);
    environment.set("HUGEPAGE_FILES_PATH_PATTERN", pattern);
    environment.set("HUGEPAGE_NODE", std::to_string(file.node.value));
    environment.set("HUGEPAGE_MODE", "require");
    environment.set("HUGEPAGE_ZERO", "never");
    environment.set("HUGEPAGE_LOG", "warn");
    const std::string bytes = std::to_string(file.size.bytes);
    const ChildEnd answer = ask({self, kTryRequest, bytes}, environment, pool.user.id, seconds);
    const std::string size = tools::size_text(file.size);
    auto lines = words_of(answer.text, "\n");
    if (answer.status == 0 && !lines.empty()) {
        return {kId, Verdict::ok,
                fmt::format("a request of {} was served by {}, and given back", size, lines.back()), "", ""};
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
    static_cast<void>(hugepage::for_each_line("/proc/self/maps", [&](std::string_view line) {
        const auto mapped = hugepage::parse_mapped_file(line);
        if (mapped && mapped->first_byte == std::bit_cast<std::uintptr_t>(memory)) {
            path = line.substr(line.find('/'));
        }
    }));
    ::munmap(memory, size.bytes);
    if (path.empty()) {
        throw tools::Failure(tools::ExitCode::failed, "the memory is no file's");
    }
    return path;
}

}  // namespace ctl
