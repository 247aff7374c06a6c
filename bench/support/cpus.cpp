#include "bench/support/cpus.h"

#include "bench/support/timing.h"
#include "shim/base/topology.h"

#include <linux/mempolicy.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace bench {
namespace {

double now() {
    return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

Place find_place() {
    unsigned cpu = 0;
    unsigned node = 0;
    ::getcpu(&cpu, &node);
    Place place;
    place.node = {static_cast<int>(node)};
    ::syscall(SYS_sched_getaffinity, 0, hugepage::CpuSet::kBytes, place.cpu_set.data());
    if (const auto of_node = hugepage::Topology().cpus_of(place.node)) {
        place.cpu_set.intersect(of_node.value());
    }
    for (int i = 0; i < hugepage::kMaxCpus; ++i) {
        if (place.cpu_set.contains({i})) {
            place.cpus.push_back(i);
        }
    }
    ::syscall(SYS_sched_setaffinity, 0, hugepage::CpuSet::kBytes, place.cpu_set.data());
    return place;
}

}  // namespace

const Place& stay_on_one_node() {
    static const Place place = find_place();
    return place;
}

void let_memory_stay() {
    hugepage::NodeSet one;
    one.insert(stay_on_one_node().node);
    ::syscall(SYS_set_mempolicy, MPOL_PREFERRED, one.data(), hugepage::NodeSet::kBits);
}

void pin_to(int cpu) {
    hugepage::CpuSet one;
    one.insert({cpu});
    ::syscall(SYS_sched_setaffinity, 0, hugepage::CpuSet::kBytes, one.data());
}

std::vector<std::size_t> thread_counts() {
    const std::size_t all = stay_on_one_node().cpus.size();
    std::vector<std::size_t> counts;
    for (std::size_t count = 1; count < all; count *= 2) {
        counts.push_back(count);
    }
    counts.push_back(all);
    return counts;
}

Crew::Crew(const std::vector<int>& cpus) : begun_(cpus.size()), ended_(cpus.size()) {
    for (std::size_t i = 0; i < cpus.size(); ++i) {
        threads_.emplace_back([this, i, cpu = cpus[i]] { serve(i, cpu); });
    }
}

Crew::~Crew() {
    {
        const std::lock_guard lock(mutex_);
        work_ = nullptr;
        ++generation_;
    }
    changed_.notify_all();
    for (auto& thread : threads_) {
        thread.join();
    }
}

void Crew::serve(std::size_t index, int cpu) {
    pin_to(cpu);
    std::size_t seen = 0;
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return generation_ != seen; });
        seen = generation_;
        if (work_ == nullptr) {
            return;
        }
        if (index >= count_) {
            continue;
        }
        const auto& work = *work_;
        lock.unlock();
        ready_.fetch_add(1);
        while (ready_.load(std::memory_order_acquire) < count_) {
            ::sched_yield();
        }
        begun_[index] = now();
        std::exception_ptr failure;
        try {
            work(index);
        } catch (...) {
            failure = std::current_exception();
        }
        ended_[index] = now();
        lock.lock();
        failure_ = failure_ ? failure_ : failure;
        if (--at_work_ == 0) {
            changed_.notify_all();
        }
    }
}

double Crew::run(std::size_t count, const std::function<void(std::size_t)>& work) {
    std::unique_lock lock(mutex_);
    work_ = &work;
    count_ = at_work_ = count;
    ready_ = 0;
    failure_ = nullptr;
    ++generation_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return at_work_ == 0; });
    if (failure_) {
        std::rethrow_exception(failure_);
    }
    const auto end = static_cast<std::ptrdiff_t>(count);
    return *std::max_element(ended_.begin(), ended_.begin() + end) -
           *std::min_element(begun_.begin(), begun_.begin() + end);
}

Crew& crew() {
    static Crew all(stay_on_one_node().cpus);
    return all;
}

Share share_of(std::size_t whole, std::size_t i, std::size_t parts, std::size_t unit) {
    const std::size_t units = whole / unit;
    const std::size_t begin = units * i / parts * unit;
    const std::size_t end = i + 1 == parts ? whole : units * (i + 1) / parts * unit;
    return {begin, end - begin};
}

}  // namespace bench
