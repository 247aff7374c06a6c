// The storm's processes: started, watched, stopped, killed, and none left behind.
#pragma once

#include "tests/hugetlb/storm/ledger.h"
#include "tests/hugetlb/storm/random.h"
#include "tests/support/child_process.h"

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace storm {

// They and all their descendants are one process group, which a guardian kills if this process dies. Orphans
// become this process's children.
class Crowd {
  public:
    struct Setting {
        std::string program;
        std::string folder;
        tests::Environment environment;
        std::size_t processes = 0;
        std::uint64_t seed = 0;
    };
    Crowd(Setting setting, Ledger& ledger);
    ~Crowd();
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    // As many as there are to be, again.
    void fill();
    // Takes note of those that have ended.
    void reap();
    // A signal for one of them.
    void disturb();
    // While none of them does anything.
    void while_stopped(const std::function<void()>& look);
    // Whether each gets on.
    void look_for_hangs();
    // Lets all come to their end.
    void end();

    // What should not have been; a line each.
    [[nodiscard]] const std::string& violations() const { return violations_; }
    [[nodiscard]] std::string summary() const;
    [[nodiscard]] std::uint64_t kills() const { return kills_; }

  private:
    using Clock = std::chrono::steady_clock;
    struct Beat {
        std::uint64_t last = 0;
        Clock::time_point since;
    };

    [[nodiscard]] pid_t start(std::size_t process);
    [[nodiscard]] std::vector<pid_t> members() const;
    void ended(pid_t pid, int status);
    void describe_hang(pid_t pid);
    void send_to_all(int signal) const;

    Setting setting_;
    Ledger& ledger_;
    Random random_;
    pid_t group_ = -1;  // also the process that keeps it alive, and does nothing
    pid_t guardian_ = -1;
    int lifeline_ = -1;
    std::vector<pid_t> processes_;
    std::vector<std::array<Beat, kMostThreads>> beats_;
    std::set<pid_t> victims_;
    std::string violations_;
    std::uint64_t started_ = 0;
    std::uint64_t kills_ = 0;
    std::uint64_t stops_ = 0;
};

}  // namespace storm
