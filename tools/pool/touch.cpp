#include "tools/pool/touch.h"

#include "shim/base/topology.h"
#include "shim/request/placement.h"
#include "tools/common/failure.h"
#include "tools/common/lines.h"
#include "tools/common/terminal.h"
#include "tools/common/wording.h"
#include "tools/pool/files.h"
#include "tools/pool/node_mask.h"

#include <fmt/format.h>
#include <poll.h>

#include <numaif.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <thread>

namespace pool {
namespace {

using hugepage::ByteSize;
using tools::ExitCode;
using tools::Failure;

// What failed in the child, with its errno; in memory that it shares with its parent.
struct Report {
    enum class At { died, map, bind, start_threads, complete } at = At::died;
    int error = 0;
};
using At = Report::At;

// Strict, unlike MPOL_PREFERRED: the page comes from this node or not at all. A kernel without NUMA has no
// such call, and only one node.
int bind_to_node(const Mapping& mapping, hugepage::NodeId node) {
    NodeMask nodes(node);
    const bool is_bound =
        ::mbind(mapping.get(), mapping.get_deleter().size, MPOL_BIND, nodes.data(), NodeMask::kBits, 0) == 0;
    return is_bound || errno == ENOSYS ? 0 : errno;
}

// Best done on the node, but right anywhere: a refusal (of a cpuset, say) is no failure. As many threads as
// the system lets it have; throws system_error if there can be none.
template <class Work>
void on_all_threads(const Crew& crew, Work work) {
    std::vector<std::jthread> threads;
    try {
        while (threads.size() < static_cast<std::size_t>(crew.threads)) {
            threads.emplace_back([&] {
                if (crew.cpus.count() > 0) {
                    static_cast<void>(::sched_setaffinity(
                        0, hugepage::CpuSet::kBytes, reinterpret_cast<const cpu_set_t*>(crew.cpus.data())));
                }
                work();
            });
        }
    } catch (const std::system_error&) {
        if (threads.empty()) {
            throw;
        }
    }
}

Report touch(const TouchJob& job, const Crew& crew) {
    std::vector<Mapping> mappings;
    for (const int fd : job.files) {
        // Not MAP_NORESERVE: the kernel sets the pages aside now, or says at once that it cannot.
        mappings.push_back(map_file(fd, job.file_size, PROT_READ | PROT_WRITE, MAP_SHARED));
        if (!mappings.back()) {
            return {At::map, errno};
        }
        if (const int error = bind_to_node(mappings.back(), job.node); error != 0) {
            return {At::bind, error};
        }
    }
    const std::size_t per_file = job.file_size.bytes / job.page_size.bytes;
    std::atomic<std::size_t> next{0};
    on_all_threads(crew, [&] {
        for (std::size_t page;
             (page = next.fetch_add(1, std::memory_order_relaxed)) < per_file * mappings.size();) {
            std::byte* at = mappings[page / per_file].get() + page % per_file * job.page_size.bytes;
            *static_cast<volatile std::byte*>(at) = std::byte{0};
        }
    });
    return {At::complete, 0};
}

Report touch_without_throwing(const TouchJob& job, const Crew& crew) noexcept {
    try {
        return touch(job, crew);
    } catch (const std::system_error& error) {
        return {At::start_threads, error.code().value()};
    } catch (const std::exception&) {
        return {At::start_threads, ENOMEM};
    }
}

// Ended, by SIGKILL if need be, and waited for at the latest in the destructor.
class Child {
  public:
    // Blocked signals stay blocked there. If this process dies, however it does, the child is killed. Leaves
    // no core file.
    template <class Work>
    explicit Child(Work work) {
        const pid_t parent = ::getpid();
        pid_ = ::fork();
        if (pid_ < 0) {
            throw tools::system_failure("start a process", errno);
        }
        if (pid_ > 0) {
            return;
        }
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        // The parent may have died before that took effect.
        if (::getppid() != parent) {
            ::_exit(EXIT_FAILURE);
        }
        ::prctl(PR_SET_DUMPABLE, 0);
        // A page that isn't there is to end the child with just this signal, whoever handled it in the
        // parent.
        ::signal(SIGBUS, SIG_DFL);
        work();
        ::_exit(EXIT_SUCCESS);
    }
    ~Child() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
            }
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // What waitpid(2) says of its end; nothing if that hasn't come.
    std::optional<int> end() {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) != pid_) {
            return std::nullopt;
        }
        pid_ = 0;
        return status;
    }

  private:
    pid_t pid_;
};

ByteSize total_of(const TouchJob& job) {
    return ByteSize{job.files.size() * job.file_size.bytes};
}

ByteSize allocated_of(const TouchJob& job) {
    ByteSize sum;
    for (const int fd : job.files) {
        struct stat facts {};
        sum.bytes += ::fstat(fd, &facts) == 0 ? static_cast<std::uint64_t>(facts.st_blocks) * S_BLKSIZE : 0;
    }
    return sum;
}

// Until the child has ended; how.
int watch(const TouchJob& job, const tools::Interrupts& interrupts, Child& child) {
    constexpr int kLookEveryMs = 10;
    tools::Progress progress(
        fmt::format("node {}: {} of {}", job.node.value, tools::counted(job.files.size(), "file"),
                    tools::size_text(job.file_size)),
        total_of(job).bytes, [](std::uint64_t bytes, tools::Seconds elapsed) {
            constexpr double kGiB = 1 << 30;
            return fmt::format("{:.2f} GiB/s", static_cast<double>(bytes) / kGiB / elapsed.count());
        });
    pollfd interrupted{interrupts.fd(), POLLIN, 0};
    for (;;) {
        interrupts.check();
        if (const auto status = child.end()) {
            return *status;
        }
        progress.update(allocated_of(job).bytes);
        ::poll(&interrupted, 1, kLookEveryMs);
    }
}

// There were enough pages when the plan was made. If some are still free, it is not the node that is dry.
std::string why_dry(const TouchJob& job) {
    const std::string folder = ctl::pages_folder("/sys", job.page_size, job.node);
    const auto free =
        hugepage::parse_number(hugepage::value_in(folder + "/free_hugepages").value_or(""), UINT64_MAX);
    if (free && *free > 0) {
        return fmt::format(
            "{} still free there, so a limit for this control group (hugetlb.*.max) blocks them; "
            "see /proc/self/cgroup",
            *free);
    }
    return "others have taken them meanwhile; run this again to see how many are missing";
}

Failure child_died(const TouchJob& job, int status) {
    const std::string progress =
        tools::size_text(allocated_of(job)) + " of " + tools::size_text(total_of(job));
    if (!WIFSIGNALED(status)) {
        return {ExitCode::failed,
                fmt::format("the process that touches the pages ended with status {} after {}; "
                            "nothing was created",
                            WEXITSTATUS(status), progress)};
    }
    if (WTERMSIG(status) == SIGBUS) {
        return {ExitCode::failed,
                fmt::format("node {} ran out of {} pages after {}; nothing was created; {}", job.node.value,
                            tools::page_size_text(job.page_size), progress, why_dry(job))};
    }
    return {
        ExitCode::failed,
        fmt::format("the process that touches the pages was ended by signal {} ({}) after {}; nothing was "
                    "created; {}",
                    WTERMSIG(status), ::strsignal(WTERMSIG(status)), progress,
                    WTERMSIG(status) == SIGKILL ? "see dmesg: was memory short?" : "run this again")};
}

constexpr const char* kContainer = "in a container, give it the capability SYS_NICE";

Failure step_failed(const TouchJob& job, const Report& report) {
    switch (report.at) {
        case At::map:
            return tools::system_failure(
                fmt::format("set aside {} of {}",
                            tools::counted(total_of(job).bytes / job.page_size.bytes, "page"),
                            tools::page_size_text(job.page_size)),
                report.error,
                "others have taken some meanwhile, or the mount has a limit; nothing was created; run this "
                "again "
                "to see how many are missing");
        case At::bind:
            return tools::system_failure(
                fmt::format("bind memory to node {}", job.node.value), report.error,
                report.error == EINVAL
                    ? "see Mems_allowed_list in /proc/self/status: may this process use the node?"
                    : kContainer);
        default:
            break;
    }
    return tools::system_failure("start threads", report.error, "nothing was created");
}

void require_all_on_node(const TouchJob& job, const tools::Interrupts& interrupts) {
    for (const int fd : job.files) {
        const auto placement = placement_of_file(fd, job.file_size, job.page_size, job.node, kAllPages,
                                                 [&](auto) { interrupts.check(); });
        if (!placement) {
            throw tools::system_failure("ask the kernel where the pages are (get_mempolicy)",
                                        placement.error().code, kContainer);
        }
        const auto& found = placement.value();
        if (found.elsewhere != 0 || found.absent != 0) {
            throw Failure(ExitCode::failed,
                          fmt::format("{} of {} are not on node {} as asked; nothing was created",
                                      found.elsewhere + found.absent, tools::counted(found.checked, "page"),
                                      job.node.value));
        }
    }
}

}  // namespace

Crew choose_crew(const hugepage::CpuSet& of_node, const hugepage::CpuSet& allowed,
                 std::optional<int> wanted) {
    Crew crew;
    for (int value = 0; value < hugepage::kMaxCpus; ++value) {
        const hugepage::CpuId cpu{value};
        if (of_node.contains(cpu) && allowed.contains(cpu)) {
            crew.cpus.insert(cpu);
        }
    }
    if (crew.cpus.count() == 0) {
        crew.cpus = allowed;
    }
    crew.threads = wanted.value_or(std::clamp(crew.cpus.count(), 1, kMostThreads));
    return crew;
}

void touch_into_place(const TouchJob& job, const tools::Interrupts& interrupts) {
    hugepage::CpuSet allowed;
    // Fails only if there are more CPUs than the set can hold; then it stays empty, and no thread is bound.
    static_cast<void>(
        ::sched_getaffinity(0, hugepage::CpuSet::kBytes, reinterpret_cast<cpu_set_t*>(allowed.data())));
    const auto of_node = hugepage::Topology().cpus_of(job.node);
    const Crew crew = choose_crew(of_node ? of_node.value() : hugepage::CpuSet{}, allowed, job.threads);
    void* memory = ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        throw tools::system_failure("get memory", errno);
    }
    const Mapping shared(static_cast<std::byte*>(memory), Unmap{sizeof(Report)});
    auto* report = new (memory) Report;
    Child child([&] { *report = touch_without_throwing(job, crew); });
    const int status = watch(job, interrupts, child);
    if (report->at == At::died) {
        throw child_died(job, status);
    }
    if (report->at != At::complete) {
        throw step_failed(job, *report);
    }
    require_all_on_node(job, interrupts);
}

}  // namespace pool
