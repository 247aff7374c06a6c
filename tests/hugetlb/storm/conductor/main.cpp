// The storm: many processes with the shim preloaded, and one pool of huge pages that is never at rest. They
// take, fill, verify and give back memory while this program sends them SIGKILL, SIGSTOP and SIGCONT, and
// deletes, replaces and adds the pool's files.
//
//   storm [--seconds N] [--processes N] [--seed N] [--quiet]
//
// The same seed does the same things, at other moments. Exit status 0: nothing was seen that must not be; 1:
// it says what; 77: no huge pages are free.

#include "tests/hugetlb/storm/conductor/census.h"
#include "tests/hugetlb/storm/conductor/counters.h"
#include "tests/hugetlb/storm/conductor/crowd.h"
#include "tests/hugetlb/storm/conductor/files.h"
#include "tests/hugetlb/storm/ledger.h"
#include "tests/preload/environment.h"
#include "tests/support/pool_fixture.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>

namespace storm {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr tests::PageKind kPages{"storm", 2UL << 20, 1UL << 30};
constexpr int kNothingToRunOn = 77;
constexpr auto kMostOverrun = 120s;

struct Options {
    unsigned long seconds = 60;
    unsigned long processes = 64;
    unsigned long seed = std::random_device()();
    bool is_quiet = false;
};

std::optional<Options> options_of(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--quiet") {
            options.is_quiet = true;
            continue;
        }
        unsigned long* value = name == "--seconds"     ? &options.seconds
                               : name == "--processes" ? &options.processes
                               : name == "--seed"      ? &options.seed
                                                       : nullptr;
        char* end = nullptr;
        if (value == nullptr || ++i == argc || (*value = std::strtoul(argv[i], &end, 10), *end != '\0')) {
            return std::nullopt;
        }
    }
    if (options.processes == 0 || options.processes > kMostProcesses) {
        return std::nullopt;
    }
    return options;
}

class Storm {
  public:
    Storm(const Options& options, const tests::Pool& pool)
        : options_(options),
          pool_(pool),
          random_(options.seed),
          ledger_(open_ledger(folder_.path())),
          files_(pool.path() / "numa_0", random_.next()),
          crowd_(setting(), *ledger_) {}

    // Until the time is up, or something is wrong. Longer where a slow machine hasn't had a storm by then.
    void rage() {
        const auto begin = Clock::now();
        const auto deadline = begin + std::chrono::seconds(options_.seconds);
        const auto last = deadline + kMostOverrun;
        auto next_census = begin;
        auto next_line = begin + 10s;
        const auto goes_on = [&](Clock::time_point now) {
            return (now < deadline || (now < last && !calm().empty())) && violations().empty();
        };
        for (auto now = begin; goes_on(now); now = Clock::now()) {
            crowd_.reap();
            crowd_.fill();
            for (int signals = 0; signals < 3; ++signals) {
                crowd_.disturb();
            }
            files_.disturb();
            if (now >= next_census) {
                take_census();
                crowd_.look_for_hangs();
                next_census = now + 500ms;
            }
            if (now >= next_line && !options_.is_quiet) {
                say(std::chrono::duration_cast<std::chrono::seconds>(now - begin).count());
                next_line += 10s;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(random_.below(40)));
        }
        crowd_.end();
        say(std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count());
    }

    [[nodiscard]] std::string violations() const {
        return tests::read_file(folder_.path().native() + kReportFile) + conflicts_ + crowd_.violations();
    }
    [[nodiscard]] const Files& files() const { return files_; }

    // What a storm must have had, to be one.
    [[nodiscard]] std::string calm() const {
        const bool has_raged = count(kServed) * 10 > count(kRounds) && count(kOrdinary) > 0 &&
                               count(kForks) > 0 && count(kOutlivers) > 0 && count(kClones) > 0 &&
                               count(kSpawns) > 0 && count(kExecs) > 0 && count(kClosings) > 0 &&
                               crowd_.kills() > 0 && files_.changes() > 0;
        return has_raged ? "" : "this was no storm: something of what it consists of is missing\n";
    }

  private:
    [[nodiscard]] Crowd::Setting setting() {
        tests::Environment environment =
            tests::preloaded({{"HUGEPAGE_FILES_PATH", pool_.path().native()}, {"HUGEPAGE_NODE", "0"}});
        return {STORM_CLIENT, folder_.path().native(), environment, options_.processes, random_.next()};
    }

    [[nodiscard]] std::uint64_t count(Count what) const { return ledger_->counts.at(what); }

    void take_census() {
        crowd_.while_stopped([this] {
            const Census census = census_of(files_.made());
            conflicts_ += census.conflicts;
            ++censuses_;
            mapped_ += census.files;
        });
    }

    void say(long seconds) const {
        const auto number = [this](Count what) { return std::to_string(count(what)); };
        const std::string memory = "memory: " + number(kRounds) + " rounds, " + number(kServed) +
                                   " in files, " + number(kOrdinary) + " in ordinary memory; " +
                                   std::to_string(mapped_ / std::max(censuses_, std::size_t{1})) +
                                   " files mapped at a time, in " + std::to_string(censuses_) + " censuses";
        const std::string children =
            "children: " + number(kForks) + " forks, " + number(kOutlivers) + " left behind, " +
            number(kClones) + " clones, " + number(kSpawns) + " programs; " + number(kExecs) + " execs, " +
            number(kClosings) + " times all descriptors closed, " + number(kLeavings) + " ends during work";
        std::printf("%ld s\n  %s\n  %s\n  %s\n  %s\n", seconds, memory.c_str(), crowd_.summary().c_str(),
                    children.c_str(), files_.summary().c_str());
        std::fflush(stdout);
    }

    Options options_;
    const tests::Pool& pool_;
    Random random_;
    tests::TempDir folder_;
    Ledger* ledger_;
    Files files_;
    Crowd crowd_;
    std::string conflicts_;
    std::size_t censuses_ = 0;
    std::size_t mapped_ = 0;
};

// Whether the pool's account is that of its files; what is on its way back to it is waited for.
std::string settle(const tests::Pool& pool, std::uint64_t in_files) {
    std::uint64_t taken = taken_from(pool.path());
    for (int looks = 0; looks < 300 && taken != in_files; ++looks) {
        std::this_thread::sleep_for(100ms);
        taken = taken_from(pool.path());
    }
    return taken == in_files ? ""
                             : "of the pool " + std::to_string(taken) + " bytes are taken, " +
                                   std::to_string(in_files) + " are in files\n";
}

std::string run(const Options& options) {
    const tests::Pool pool(kPages);
    if (!pool.missing().empty()) {
        std::printf("%s\n", pool.missing().c_str());
        std::exit(kNothingToRunOn);
    }
    Storm storm(options, pool);
    storm.rage();
    std::string wrong = storm.violations();
    wrong += wrong.empty() ? storm.calm() : "";
    for (const std::string& name : storm.files().leased()) {
        wrong += "still leased: " + name + "\n";
    }
    return wrong + settle(pool, storm.files().bytes());
}

}  // namespace
}  // namespace storm

int main(int argc, char** argv) {
    const auto options = storm::options_of(argc, argv);
    if (!options) {
        std::fprintf(stderr, "storm [--seconds N] [--processes N] [--seed N] [--quiet]\n");
        return 2;
    }
    std::printf("storm: %lu processes for %lu s, seed %lu\n", options->processes, options->seconds,
                options->seed);
    std::printf("%s\n", storm::machines_counters().c_str());
    std::fflush(stdout);
    const std::string wrong = storm::run(*options);
    std::printf("%s\n", storm::machines_counters().c_str());
    std::printf("%s%s\n", wrong.c_str(), wrong.empty() ? "every file is free, nothing was wrong" : "FAILED");
    return wrong.empty() ? 0 : 1;
}
