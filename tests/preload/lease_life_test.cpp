// How long a lease lasts: exactly as long as the mapping, whatever the program does and however it ends.

#include "tests/preload/preloaded.h"
#include "tools/common/holders.h"

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
    const std::array<hugepage::FileId, 1> files{{{facts.st_dev, facts.st_ino}}};
    std::vector<pid_t> named;
    const auto look = [&](std::size_t, const hugepage::Holder& holder) {
        EXPECT_TRUE(holder.has_mapped && holder.has_locked);
        named.push_back(holder.pid);
    };
    ASSERT_TRUE(hugepage::for_each_holder(files, look));
    EXPECT_TRUE(named.empty());
    ChildProcess holder(command("hold"), environment());
    ASSERT_TRUE(holder.wait_for("holding"));
    ASSERT_TRUE(hugepage::for_each_holder(files, look));
    EXPECT_EQ(named, std::vector{holder.pid()});
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
