// How long a lease lasts: exactly as long as the mapping, whatever the program does and however it ends.

#include "tests/preload/preloaded.h"
#include "tools/common/processes.h"

#include <signal.h>
#include <sys/stat.h>

#include <array>

namespace tests {
namespace {

class LeaseLife : public OneFileTest {
  protected:
    [[nodiscard]] std::vector<std::string> command(const std::string& scenario) const {
        return {PROBE, scenario, bytes(kFileBytes), "1"};
    }
    // With HUGEPAGE_MODE=require this fails unless the file is free at once.
    void expect_free_at_once() const {
        EXPECT_EQ(probe("map", {{"HUGEPAGE_MODE", "require"}}).exit_status, 0);
    }
};
INSTANTIATE_TEST_SUITE_P(, LeaseLife, testing::Values(kTmpfs, kHuge2M), name_of_kind);

TEST_P(LeaseLife, ExcludesAnotherProcess) {
    ChildProcess holder(command("hold"), environment());
    ASSERT_TRUE(holder.wait_for("holding"));
    EXPECT_TRUE(is_leased(file_));
    EXPECT_THAT(probe("map").out, testing::StartsWith("memory: anonymous"));
    EXPECT_THAT(holder.wait().out, testing::StartsWith("memory: " + served()));
    expect_free_at_once();
}

TEST_P(LeaseLife, NamesItsHolderInTheKernelsTables) {
    struct stat facts {};
    ASSERT_EQ(::stat(file_.c_str(), &facts), 0);
    const tools::FileId file{facts.st_dev, facts.st_ino};
    EXPECT_TRUE(tools::find_holders({file}).of_file[file].empty());
    ChildProcess holder(command("hold"), environment());
    ASSERT_TRUE(holder.wait_for("holding"));
    const auto named = tools::find_holders({file}).of_file[file];
    ASSERT_EQ(named.size(), 1U);
    EXPECT_EQ(named[0].pid, holder.pid());
    EXPECT_TRUE(named[0].has_mapped() && named[0].has_locked);
    EXPECT_TRUE(holder.wait().ok());
}

TEST_P(LeaseLife, EndsWithTheHolderThatIsKilled) {
    for (int round = 0; round < 10; ++round) {
        ChildProcess holder(command("hold"), environment());
        ASSERT_TRUE(holder.wait_for("holding"));
        ASSERT_TRUE(is_leased(file_));
        holder.kill(SIGKILL);
        EXPECT_EQ(holder.wait().signal, SIGKILL);
        expect_free_at_once();
    }
}

TEST_P(LeaseLife, EndsAtExec) {
    ChildProcess holder(command("exec"), environment());
    ASSERT_TRUE(holder.wait_for("holding"));
    EXPECT_EQ(holder.out(), "memory: " + served() + "\nholding\n");
    expect_free_at_once();
    EXPECT_TRUE(holder.wait().ok());
}

TEST_P(LeaseLife, LastsUntilTheLastPartIsUnmapped) {
    ChildProcess holder(command("parts"), environment());
    ASSERT_TRUE(holder.wait_for("holding"));
    EXPECT_TRUE(is_leased(file_));
    EXPECT_EQ(holder.wait().out, "memory: " + served() + "\nlower: 0 unmapped\nupper still: " + served() +
                                     "\nholding\nupper: 0 unmapped\n");
    expect_free_at_once();
}

TEST_P(LeaseLife, OutlastsAHostThatClosesEveryDescriptor) {
    ChildProcess holder(command("closefrom"), environment());
    ASSERT_TRUE(holder.wait_for("holding"));
    EXPECT_TRUE(is_leased(file_));
    EXPECT_TRUE(holder.wait().ok());
    expect_free_at_once();
}

}  // namespace
}  // namespace tests
