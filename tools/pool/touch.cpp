#include "tools/pool/touch.h"

#include "shim/base/topology.h"
#include "tools/common/failure.h"
#include "tools/common/lines.h"
#include "tools/common/terminal.h"
#include "tools/common/values.h"
#include "tools/pool/files.h"

#include <fmt/format.h>

#include <numaif.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>

#include <algorithm>
#include <atomic>
#include <csetjmp>
#include <csignal>
#include <stop_token>
#include <thread>

namespace pool {
namespace {

using hugepage::ByteSize;
using hugepage::NodeSet;
using tools::ExitCode;
using tools::Failure;

constexpr const char* kContainer = "in a container, give it the capability SYS_NICE";

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

// Strict, unlike MPOL_PREFERRED: a page comes from this node or not at all. A kernel without NUMA has no such
// call, and only one node.
std::vector<Mapping> map_on_node(const TouchJob& job) {
    NodeSet nodes;
    nodes.insert(job.node);
    std::vector<Mapping> mappings;
    for (const int fd : job.files) {
        // Not MAP_NORESERVE: the kernel sets the pages aside now, or says at once that it cannot.
        mappings.push_back(map_file(fd, job.file_size, PROT_READ | PROT_WRITE, MAP_SHARED));
        if (!mappings.back()) {
            throw tools::system_failure(
                fmt::format("set aside {} of {}",
                            tools::counted(total_of(job).bytes / job.page_size.bytes, "page"),
                            tools::page_size_text(job.page_size)),
                errno,
                "others have taken some meanwhile, or the mount has a limit; nothing was created; run this "
                "again to see how many are missing");
        }
        // The kernel takes one bit less than it is told.
        if (::mbind(mappings.back().get(), job.file_size.bytes, MPOL_BIND, nodes.data(), NodeSet::kBits + 1,
                    0) != 0 &&
            errno != ENOSYS) {
            throw tools::system_failure(
                fmt::format("bind memory to node {}", job.node.value), errno,
                errno == EINVAL ? "see Mems_allowed_list in /proc/self/status: may this process use the node?"
                                : kContainer);
        }
    }
    return mappings;
}

// Where this thread goes on when a page that it touches can't be had. Volatile as the page is: set before the
// touch, and not after.
constinit thread_local sigjmp_buf* volatile on_dry_node = nullptr;

void leave_touch(int signal) {
    if (on_dry_node == nullptr) {
        std::signal(signal, SIG_DFL);  // the fault comes again, and ends the process as it would have
        return;
    }
    ::siglongjmp(*on_dry_node, 1);
}

// Has SIGBUS end a touch, and nothing else, while it lives.
class EndsTouches {
  public:
    EndsTouches() {
        struct sigaction action {};
        action.sa_handler = leave_touch;
        action.sa_flags = SA_NODEFER;
        ::sigaction(SIGBUS, &action, &before_);
    }
    ~EndsTouches() { ::sigaction(SIGBUS, &before_, nullptr); }
    EndsTouches(const EndsTouches&) = delete;
    EndsTouches& operator=(const EndsTouches&) = delete;

  private:
    struct sigaction before_ {};
};

// False where a page was not available.
bool touch(std::byte* page) {
    sigjmp_buf dry;
    if (sigsetjmp(dry, 0) != 0) {
        on_dry_node = nullptr;
        return false;
    }
    on_dry_node = &dry;
    *static_cast<volatile std::byte*>(page) = std::byte{0};
    on_dry_node = nullptr;
    return true;
}

// Touched by all threads, each page by one.
struct SharedPages {
    const std::vector<Mapping>& mappings;
    std::size_t per_file;
    ByteSize size;
    std::atomic<std::size_t> next{0};
    std::atomic<bool> are_dry{false};
    std::atomic<int> threads{0};  // at work

    void touch_all(const std::stop_token& stop) {
        std::size_t page = 0;
        while (!stop.stop_requested() && !are_dry &&
               (page = next.fetch_add(1, std::memory_order_relaxed)) < per_file * mappings.size()) {
            if (!touch(mappings[page / per_file].get() + page % per_file * size.bytes)) {
                are_dry = true;
            }
        }
        --threads;
    }
};

// As many as the system lets it have. Best done on the node, but right anywhere: a refusal (of a cpuset, say)
// is no failure.
std::vector<std::jthread> start_threads(const Crew& crew, SharedPages& pages) {
    std::vector<std::jthread> threads;
    try {
        while (threads.size() < static_cast<std::size_t>(crew.threads)) {
            ++pages.threads;
            threads.emplace_back([&](const std::stop_token& stop) {
                if (crew.cpus.count() > 0) {
                    static_cast<void>(::sched_setaffinity(
                        0, hugepage::CpuSet::kBytes, reinterpret_cast<const cpu_set_t*>(crew.cpus.data())));
                }
                pages.touch_all(stop);
            });
        }
    } catch (const std::system_error& error) {
        --pages.threads;
        if (threads.empty()) {
            throw tools::system_failure("start threads", error.code().value(), "nothing was created");
        }
    }
    return threads;
}

// Until all threads have ended.
void watch(const TouchJob& job, const tools::Interrupts& interrupts, const SharedPages& pages) {
    constexpr std::chrono::milliseconds kLookEvery{10};
    tools::Progress progress(
        fmt::format("node {}: {} of {}", job.node.value, tools::counted(job.files.size(), "file"),
                    tools::size_text(job.file_size)),
        total_of(job).bytes, [](std::uint64_t bytes, tools::Seconds elapsed) {
            constexpr double kGiB = 1 << 30;
            return fmt::format("{:.2f} GiB/s", static_cast<double>(bytes) / kGiB / elapsed.count());
        });
    for (interrupts.check(); pages.threads > 0; interrupts.wait(kLookEvery)) {
        progress.update(allocated_of(job).bytes);
    }
}

// There were enough pages when the plan was made. If some are still free, it is not the node that is dry.
Failure ran_dry(const TouchJob& job) {
    const std::string folder = ctl::pages_folder("/sys", job.page_size, job.node);
    const auto free = hugepage::number_in(folder + "/free_hugepages");
    return {
        ExitCode::failed,
        fmt::format("node {} ran out of {} pages after {} of {}; nothing was created; {}", job.node.value,
                    tools::page_size_text(job.page_size), tools::size_text(allocated_of(job)),
                    tools::size_text(total_of(job)),
                    free.value_or(0) > 0
                        ? fmt::format("{} still free there, so a limit for this control group "
                                      "(hugetlb.*.max) blocks them; see /proc/self/cgroup",
                                      *free)
                        : "others have taken them meanwhile; run this again to see how many are missing")};
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
            tools::fail("{} of {} are not on node {} as asked; nothing was created",
                        found.elsewhere + found.absent, tools::counted(found.checked, "page"),
                        job.node.value);
        }
    }
}

}  // namespace

Crew choose_crew(const hugepage::CpuSet& of_node, const hugepage::CpuSet& allowed,
                 std::optional<int> wanted) {
    Crew crew;
    crew.cpus = of_node.intersects(allowed) ? of_node : allowed;
    crew.cpus.intersect(allowed);
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
    const std::vector<Mapping> mappings = map_on_node(job);
    SharedPages pages{mappings, job.file_size.bytes / job.page_size.bytes, job.page_size};
    {
        const EndsTouches ends_touches;
        const auto threads = start_threads(crew, pages);
        watch(job, interrupts, pages);
    }
    if (pages.are_dry) {
        throw ran_dry(job);
    }
    require_all_on_node(job, interrupts);
}

}  // namespace pool
