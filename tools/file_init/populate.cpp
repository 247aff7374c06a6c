#include "tools/file_init/populate.h"

#include "shim/base/fd.h"
#include "shim/base/sys.h"
#include "tools/common/failure.h"
#include "tools/common/huge_pages.h"
#include "tools/common/progress.h"
#include "tools/common/wording.h"
#include "tools/file_init/child.h"

#include <poll.h>
#include <spdlog/fmt/fmt.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <optional>

namespace file_init {
namespace {

using hugepage::ByteSize;
using Step = TouchReport::Step;

ByteSize total_of(const TouchJob& job) {
    return ByteSize{job.files.size() * job.file_size.bytes};
}

ByteSize allocated_of(const TouchJob& job) {
    constexpr std::uint64_t kBlock = 512;
    ByteSize sum;
    for (const int fd : job.files) {
        struct stat facts {};
        sum.bytes += ::fstat(fd, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_blocks) * kBlock : 0;
    }
    return sum;
}

std::string per_second(std::uint64_t bytes, tools::Seconds elapsed) {
    constexpr double kGiB = 1 << 30;
    return fmt::format("{:.2f} GiB/s", static_cast<double>(bytes) / kGiB / elapsed.count());
}

struct Pipe {
    hugepage::Fd reader;
    hugepage::Fd writer;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        throw tools::system_failure("make a pipe", errno);
    }
    return {hugepage::Fd(ends[0]), hugepage::Fd(ends[1])};
}

// Until the child has reported or died.
void watch(const TouchJob& job, const tools::Interrupts& interrupts, int from_child) {
    constexpr int kLookEveryMs = 50;
    tools::ProgressBar bar(
        fmt::format("node {}: {} of {}", job.node.value, tools::counted(job.files.size(), "file"),
                    tools::size_text(job.file_size)),
        total_of(job).bytes, per_second);
    std::array<pollfd, 2> awaited{{{from_child, POLLIN, 0}, {interrupts.fd(), POLLIN, 0}}};
    do {
        interrupts.check();
        bar.update(allocated_of(job).bytes);
        ::poll(awaited.data(), awaited.size(), kLookEveryMs);
    } while (awaited[0].revents == 0);
}

std::optional<TouchReport> read_report(int from_child) {
    TouchReport report;
    const bool whole =
        hugepage::sys::read(from_child, &report, sizeof report) == static_cast<ssize_t>(sizeof report);
    return whole ? std::optional(report) : std::nullopt;
}

// Pages were to be had when the plan was made. If some still are, it is not the node that is dry.
std::string why_dry(const TouchJob& job) {
    const auto counts = hugepage::huge_page_counts("/sys", job.page_size, job.node);
    if (counts && counts.value().free > 0) {
        return fmt::format(
            "{} free there, so a limit for this control group (hugetlb.*.max) must be in the way; "
            "see /proc/self/cgroup",
            counts.value().free == 1 ? "1 is" : fmt::format("{} are", counts.value().free));
    }
    return "others have taken them meanwhile; run this again to see how many are missing";
}

tools::Failure child_died(const TouchJob& job, int status) {
    const std::string progress =
        tools::size_text(allocated_of(job)) + " of " + tools::size_text(total_of(job));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) {
        return {tools::ExitCode::failed,
                fmt::format("node {} ran out of {} pages after {}; nothing was created; {}", job.node.value,
                            tools::page_size_text(job.page_size), progress, why_dry(job))};
    }
    if (WIFSIGNALED(status)) {
        return {tools::ExitCode::failed,
                fmt::format(
                    "the process that fetches the pages was ended by signal {} ({}) after {}; nothing was "
                    "created; {}",
                    WTERMSIG(status), strsignal(WTERMSIG(status)), progress,
                    WTERMSIG(status) == SIGKILL ? "see dmesg: was memory short?" : "run this again")};
    }
    return {tools::ExitCode::failed,
            fmt::format("the process that fetches the pages ended with status {} after {}; "
                        "nothing was created",
                        WEXITSTATUS(status), progress)};
}

tools::Failure step_failed(const TouchJob& job, const TouchReport& report) {
    const std::string pages = tools::counted(total_of(job).bytes / job.page_size.bytes, "page") + " of " +
                              tools::page_size_text(job.page_size);
    const std::string container = "in a container, give it the capability SYS_NICE";
    switch (report.step) {
        case Step::map:
            return tools::system_failure(
                "set aside " + pages, report.error,
                "others have taken some meanwhile, or the mount has a limit; nothing was "
                "created; run this again to see how many are missing");
        case Step::bind:
            return tools::system_failure(
                fmt::format("bind memory to node {}", job.node.value), report.error,
                report.error == EINVAL
                    ? "see Mems_allowed_list in /proc/self/status: may this process use the node?"
                    : container);
        case Step::ask_placement:
            return tools::system_failure("ask the kernel where the pages are (get_mempolicy)", report.error,
                                         container);
        case Step::start_threads:
        case Step::complete:
            break;
    }
    return tools::system_failure(
        fmt::format("start {}", tools::counted(static_cast<std::uint64_t>(job.threads), "thread")),
        report.error, "nothing was created");
}

void require_all_on_node(const TouchJob& job, const hugepage::Placement& placement) {
    const std::uint64_t pages = total_of(job).bytes / job.page_size.bytes;
    if (placement.elsewhere != 0) {
        throw tools::Failure(
            tools::ExitCode::failed,
            fmt::format("{} of {} are not on node {} as asked but, for one, on node {}; nothing was created",
                        placement.elsewhere, tools::counted(pages, "page"), job.node.value,
                        placement.other.value));
    }
    if (placement.absent != 0 || placement.checked != pages || allocated_of(job) != total_of(job)) {
        throw tools::Failure(
            tools::ExitCode::failed,
            fmt::format("only {} of {} are allocated, although all were touched; nothing was created",
                        tools::size_text(allocated_of(job)), tools::size_text(total_of(job))));
    }
}

}  // namespace

void populate(const TouchJob& job, const tools::Interrupts& interrupts) {
    Pipe pipe = make_pipe();
    Child child([&] {
        const TouchReport report = touch(job);
        static_cast<void>(hugepage::sys::write(pipe.writer.get(), &report, sizeof report));
    });
    { const auto childs_end = std::move(pipe.writer); }
    watch(job, interrupts, pipe.reader.get());
    const auto report = read_report(pipe.reader.get());
    const int status = child.wait();
    if (!report) {
        throw child_died(job, status);
    }
    if (report->step != Step::complete) {
        throw step_failed(job, *report);
    }
    require_all_on_node(job, report->placement);
}

}  // namespace file_init
