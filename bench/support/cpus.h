// The CPUs that are used: those of one node, so that every page is as near as every other.
#pragma once

#include "shim/base/ids.h"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bench {

struct Place {
    hugepage::NodeId node;
    std::vector<int> cpus;
    hugepage::CpuSet cpu_set;
};

// Binds this process, and what it starts from now on, to those CPUs it may use that are of the node it runs
// on. So memory is that node's too, unless there is too little. Returns where it is then.
const Place& stay_on_one_node();

// The kernel moves no memory of this thread, nor of what it starts from now on, between nodes: to find out
// what to move it would unmap ordinary pages again and again, amid what is measured.
void let_memory_stay();

// This thread, and what it starts from now on. Where it is allowed.
void pin_to(int cpu);

// 1, 2, 4 … and all there are.
[[nodiscard]] std::vector<std::size_t> thread_counts();

// Threads that wait, one on each CPU of the place, so that making them is no part of what is measured.
class Crew {
  public:
    explicit Crew(const std::vector<int>& cpus);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    [[nodiscard]] std::size_t size() const { return threads_.size(); }

    // The first `count` threads call work(0), work(1) …, all at once. Seconds from when all were ready to the
    // end of the last. What one of them throws is thrown here.
    double run(std::size_t count, const std::function<void(std::size_t)>& work);

  private:
    void serve(std::size_t index, int cpu);

    std::mutex mutex_;
    std::condition_variable changed_;
    const std::function<void(std::size_t)>* work_ = nullptr;
    std::size_t count_ = 0;       // how many take part
    std::size_t generation_ = 0;  // of the work
    std::size_t at_work_ = 0;
    std::atomic<std::size_t> ready_{0};
    std::vector<double> begun_;  // of each thread, on one clock
    std::vector<double> ended_;
    std::exception_ptr failure_;
    std::vector<std::thread> threads_;
};

// On all of stay_on_one_node's CPUs.
Crew& crew();

// The i-th of so many parts of `whole`, each but the last a multiple of `unit`.
struct Share {
    std::size_t begin;
    std::size_t length;
};
[[nodiscard]] Share share_of(std::size_t whole, std::size_t i, std::size_t parts, std::size_t unit);

}  // namespace bench
