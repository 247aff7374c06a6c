#include "tools/file_init/touch.h"

#include "shim/base/result.h"
#include "tools/file_init/mapping.h"

#include <numaif.h>
#include <sched.h>
#include <sys/mman.h>
#include <system_error>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>

namespace file_init {
namespace {

using Step = TouchReport::Step;

// Strict, unlike MPOL_PREFERRED: the page comes from this node or not at all. A kernel without NUMA has no
// such call, and only one node.
int bind_to_node(const Mapping& mapping, hugepage::NodeId node) {
    constexpr std::size_t kBits = sizeof(unsigned long) * 8;
    std::array<unsigned long, hugepage::kMaxNodes / kBits> nodes{};
    const auto index = static_cast<std::size_t>(node.value);
    nodes[index / kBits] = 1UL << (index % kBits);
    // The kernel takes one bit less than it is told.
    constexpr unsigned long kCount = hugepage::kMaxNodes + 1;
    if (mbind(mapping.begin(), mapping.size(), MPOL_BIND, nodes.data(), kCount, 0) == 0 || errno == ENOSYS) {
        return 0;
    }
    return errno;
}

// All pages of all files in one row, handed out to the threads in batches.
class Pages {
  public:
    Pages(const std::vector<Mapping>& mappings, const TouchJob& job)
        : mappings_(mappings),
          page_bytes_(job.page_size.bytes),
          per_file_(job.file_size.bytes / job.page_size.bytes),
          total_(per_file_ * mappings.size()) {}

    // A stretch of one mapping; length 0 at the end.
    struct Batch {
        std::byte* begin = nullptr;
        std::size_t length = 0;
    };
    Batch next(std::size_t most_pages) {
        std::size_t first = next_.load(std::memory_order_relaxed);
        std::size_t count = 0;
        do {
            if (first >= total_) {
                return {};
            }
            count = std::min(most_pages, per_file_ - first % per_file_);
        } while (!next_.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
        auto* begin = static_cast<std::byte*>(mappings_[first / per_file_].begin());
        return {begin + first % per_file_ * page_bytes_, count * page_bytes_};
    }

    [[nodiscard]] std::size_t page_bytes() const { return page_bytes_; }

  private:
    const std::vector<Mapping>& mappings_;
    std::size_t page_bytes_;
    std::size_t per_file_;
    std::size_t total_;
    std::atomic<std::size_t> next_{0};
};

// Best done on the node, but right anywhere: a refusal (of a cpuset, say) is no failure.
void move_to(const hugepage::CpuSet& cpus) {
    if (cpus.count() > 0) {
        static_cast<void>(
            sched_setaffinity(0, hugepage::CpuSet::kBytes, reinterpret_cast<const cpu_set_t*>(cpus.data())));
    }
}

// Runs `work` on the job's threads, or on as many as the system lets it have, and returns when each has come
// to its end. Throws system_error if there can be none.
template <class Work>
void on_all_threads(const TouchJob& job, Work work) {
    std::vector<std::jthread> threads;
    try {
        while (threads.size() < static_cast<std::size_t>(job.threads)) {
            threads.emplace_back([&] {
                move_to(job.cpus);
                work();
            });
        }
    } catch (const std::system_error&) {
        if (threads.empty()) {
            throw;
        }
    }
}

void touch_pages(const TouchJob& job, Pages& pages) {
    on_all_threads(job, [&] {
        for (auto page = pages.next(1); page.length != 0; page = pages.next(1)) {
            *static_cast<volatile std::byte*>(page.begin) = std::byte{0};
        }
    });
}

hugepage::Result<hugepage::Placement> ask_placement(const TouchJob& job, Pages& pages) {
    constexpr std::size_t kBatch = 1024;
    std::mutex mutex;
    hugepage::Placement sum;
    hugepage::Error failure;
    on_all_threads(job, [&] {
        for (auto batch = pages.next(kBatch); batch.length != 0; batch = pages.next(kBatch)) {
            const auto part =
                hugepage::placement_of(batch.begin, batch.length, job.page_size, job.node, kBatch);
            const std::scoped_lock lock(mutex);
            if (!part) {
                failure = part.error();
                return;
            }
            sum.checked += part.value().checked;
            sum.absent += part.value().absent;
            sum.elsewhere += part.value().elsewhere;
            if (part.value().elsewhere != 0) {
                sum.other = part.value().other;
            }
        }
    });
    if (failure.code != 0) {
        return failure;
    }
    return sum;
}

TouchReport touch_or_throw(const TouchJob& job) {
    std::vector<Mapping> mappings;
    for (const int fd : job.files) {
        // Not MAP_NORESERVE: the kernel sets the pages aside now, or says at once that it cannot.
        auto mapping = Mapping::of(fd, job.file_size, PROT_READ | PROT_WRITE, MAP_SHARED);
        if (!mapping) {
            return {Step::map, mapping.error().code, {}};
        }
        if (const int error = bind_to_node(mapping.value(), job.node); error != 0) {
            return {Step::bind, error, {}};
        }
        mappings.push_back(std::move(mapping.value()));
    }
    Pages to_touch(mappings, job);
    touch_pages(job, to_touch);
    Pages to_ask(mappings, job);
    const auto placement = ask_placement(job, to_ask);
    if (!placement) {
        return {Step::ask_placement, placement.error().code, {}};
    }
    return {Step::complete, 0, placement.value()};
}

}  // namespace

TouchReport touch(const TouchJob& job) noexcept {
    try {
        return touch_or_throw(job);
    } catch (const std::system_error& error) {
        return {Step::start_threads, error.code().value(), {}};
    } catch (const std::exception&) {
        return {Step::start_threads, ENOMEM, {}};
    }
}

}  // namespace file_init
