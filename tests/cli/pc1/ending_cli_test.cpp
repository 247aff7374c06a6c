// Runs that a signal ends, at many moments: what is left of them, and that the next run goes on from there.
//
// A moment is something that can be seen from outside and, once it has come, stays so. Of the eleven layers
// asked for the last ones take many times as long as it takes to see it, so the signal always finds a run.
#include "results.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>

#include <sys/wait.h>
#include <system_error>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

namespace pc1 {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::EndsWith;
using testing::Not;

// The first layers of a sector of 8 MiB with everything left at its default; from the reference program.
const std::map<std::string, std::string> kDigests{
    {"sc-02-data-layer-1.dat", "fc9ca696d461a586c6f78bf87f273b48ce114a1ecd405070d3ceead0989e9c85"},
    {"sc-02-data-layer-2.dat", "5a26c3dd083242eb5a344c534bb52562b49ff8de3c07dfc78ffe149118460c53"}};

// It waits for signals by a signalfd, which it opens after it has blocked them. (A sanitizer's runtime blocks
// them too, for a while, before main.)
bool takes_signals(pid_t pid) {
    std::error_code gone;
    for (const auto& fd : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd", gone)) {
        if (fs::read_symlink(fd.path(), gone) == "anon_inode:[signalfd]") {
            return true;
        }
    }
    return false;
}

bool has_threads(pid_t pid) {
    std::error_code gone;
    const fs::directory_iterator threads("/proc/" + std::to_string(pid) + "/task", gone);
    return std::distance(begin(threads), end(threads)) > 1;
}

class Ending : public testing::Test {
  protected:
    enum class Moment { kSignalsAreTaken, kThreadsRun, kLayer1IsWritten, kLayer1IsThere, kLayer2IsWritten };

    fs::path folder() const { return root_.path() / "cache"; }

    bool exists(int layer, const char* suffix) const {
        return fs::exists(folder() / ("sc-02-data-layer-" + std::to_string(layer) + ".dat" + suffix));
    }

    bool has_come(Moment moment, pid_t pid) const {
        switch (moment) {
            case Moment::kSignalsAreTaken:
                return takes_signals(pid);
            case Moment::kThreadsRun:
                return takes_signals(pid) && has_threads(pid);
            case Moment::kLayer1IsWritten:
                return exists(1, ".tmp") || exists(1, "");
            case Moment::kLayer1IsThere:
                return exists(1, "");
            case Moment::kLayer2IsWritten:
                return exists(2, ".tmp") || exists(2, "");
        }
        return false;
    }

    tests::Outcome run_until(Moment moment, int signal) const {
        tests::ChildProcess run(
            {PC1_LABEL, "--sector-size", "8MiB", "--layers", "11", "--output", folder().string()}, {});
        siginfo_t ended{};
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(10);
        while (!has_come(moment, run.pid()) && ended.si_pid == 0) {
            if (std::chrono::steady_clock::now() > deadline) {
                ADD_FAILURE() << "the moment has not come";
                break;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            waitid(P_PID, static_cast<id_t>(run.pid()), &ended, WEXITED | WNOHANG | WNOWAIT);
        }
        run.kill(signal);
        return run.wait();
    }

    std::vector<std::string> names() const {
        std::vector<std::string> names;
        if (fs::exists(folder())) {
            for (const auto& entry : fs::directory_iterator(folder())) {
                names.push_back(entry.path().filename().string());
            }
        }
        return names;
    }

    // Whatever has the name of a layer is that layer.
    void expect_whole_layers() const {
        for (const auto& [name, digest] : kDigests) {
            if (fs::exists(folder() / name)) {
                EXPECT_EQ(sha256_of_file(folder() / name), digest) << name;
            }
        }
    }

    void expect_that_the_next_run_goes_on() const {
        const bool resumes = exists(1, "");
        const auto result =
            labelled({"--sector-size", "8MiB", "--layers", "2", "--output", folder().string()});
        EXPECT_EQ(result.at("layers").at(0).at("resumed"), resumes);
        EXPECT_THAT(digests(result),
                    testing::ElementsAre(kDigests.begin()->second, kDigests.rbegin()->second));
        EXPECT_THAT(names(), testing::UnorderedElementsAre("pc1-label.json", "sc-02-data-layer-1.dat",
                                                           "sc-02-data-layer-2.dat"));
        expect_whole_layers();
    }

    tests::TempDir root_;
};

TEST_F(Ending, BySigintOrSigtermLeavesNothingHalfMade) {
    const std::pair<Moment, int> kEnds[] = {
        {Moment::kSignalsAreTaken, SIGTERM}, {Moment::kThreadsRun, SIGINT},
        {Moment::kLayer1IsWritten, SIGINT},  {Moment::kLayer1IsThere, SIGTERM},
        {Moment::kSignalsAreTaken, SIGINT},  {Moment::kLayer2IsWritten, SIGTERM}};
    for (const auto& [moment, signal] : kEnds) {
        SCOPED_TRACE(testing::Message() << "signal " << signal << " at moment " << static_cast<int>(moment));
        const tests::Outcome outcome = run_until(moment, signal);
        EXPECT_EQ(outcome.exit_status, 128 + signal);
        EXPECT_EQ(outcome.out, "");
        EXPECT_THAT(outcome.err, EndsWith("pc1-label: interrupted, nothing unfinished is left\n"));
        EXPECT_THAT(names(), Not(Contains(EndsWith(".tmp"))));
        EXPECT_EQ(fs::exists(folder()), exists(1, ""));
        expect_whole_layers();
    }
    expect_that_the_next_run_goes_on();
}

TEST_F(Ending, BySigkillDoesNotHinderTheNextRun) {
    for (const Moment moment : {Moment::kThreadsRun, Moment::kLayer1IsWritten, Moment::kLayer2IsWritten}) {
        SCOPED_TRACE(static_cast<int>(moment));
        EXPECT_EQ(run_until(moment, SIGKILL).signal, SIGKILL);
        expect_whole_layers();
    }
    expect_that_the_next_run_goes_on();
}

}  // namespace
}  // namespace pc1
