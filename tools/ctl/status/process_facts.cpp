// Reading a process, which may end at any moment.
#include "shim/core/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/fd.h"
#include "tools/ctl/status/process_report.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace ctl {
namespace {

// The errno, or 0.
int read_whole(const std::string& path, std::string& text) {
    const tools::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() < 0) {
        return errno;
    }
    text.clear();
    std::array<char, std::size_t{1} << 16> buffer;
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? errno : 0;
        }
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

[[noreturn]] void fail(pid_t pid, const std::string& path, int error) {
    if (error == ENOENT || error == ESRCH) {
        throw tools::Failure(tools::ExitCode::failed,
                             fmt::format("look at process {}: there is no such process.", pid));
    }
    throw tools::system_failure(
        "read " + path, error,
        error == EACCES || error == EPERM ? "type the same with sudo, or as the process's user" : "");
}

}  // namespace

ProcessFacts read_process(pid_t pid, const std::string& proc) {
    ProcessFacts facts;
    facts.pid = pid;
    const std::string folder = fmt::format("{}/{}", proc, pid);
    if (const int error = read_whole(folder + "/comm", facts.command)) {
        fail(pid, folder + "/comm", error);
    }
    facts.command = std::string(hugepage::trimmed(facts.command));
    if (const int error = read_whole(folder + "/smaps", facts.smaps)) {
        fail(pid, folder + "/smaps", error);
    }
    if (facts.smaps.empty()) {
        throw tools::Failure(
            tools::ExitCode::failed,
            fmt::format("look at process {}: it has no memory of its own; it has ended, or is the kernel's.",
                        pid));
    }
    if (const int error = read_whole(folder + "/numa_maps", facts.numa_maps); error != 0 && error != ENOENT) {
        fail(pid, folder + "/numa_maps", error);
    }
    const std::string tasks = folder + "/task";
    static_cast<void>(hugepage::for_each_entry(tasks.c_str(), [&](std::string_view thread) {
        std::string status;
        if (read_whole(fmt::format("{}/{}/status", tasks, thread), status) == 0) {
            if (const auto cpus = parse_cpus_allowed(status)) {
                ++facts.cpu_lists[*cpus];
            }
        }
    }));
    return facts;
}

}  // namespace ctl
