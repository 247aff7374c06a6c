// Limits that an operator or a container sets to the sealer: what is in a file already is within all of them.

#include "tests/preload/hindered_fixture.h"
#include "tests/support/huge_page_group.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

using Limits = HinderedTest;
INSTANTIATE_TEST_SUITE_P(, Limits, testing::Values(kTmpfs, kHuge2M), name_of_kind);

TEST_P(Limits, OfThreadsLeaveTheZeroingToTheCaller) {
    if (const std::string missing = give_to_nobody(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    const auto served_with = [&](const std::vector<std::string>& hindrance, const std::string& helpers) {
        const auto outcome =
            run(as_nobody(hindrance),
                variables_of_nobody({{"HUGEPAGE_ZERO_THREADS", "2"}, {"HUGEPAGE_LOG", "info"}}));
        EXPECT_EQ(outcome.out, both_served()) << outcome.err;
        EXPECT_EQ(count(outcome.err, "leased memory file: "), 2U) << outcome.err;
        EXPECT_EQ(count(outcome.err, " with " + helpers + " helpers"), 2U) << outcome.err;
    };
    served_with({"none"}, "2");
    served_with({"limit", "nproc", "0"}, "0");
}

class GroupLimits : public HinderedTest {
  protected:
    void SetUp() override {
        HinderedTest::SetUp();
        if (IsSkipped()) {
            return;
        }
        group_ = std::make_unique<HugePageGroup>(GetParam().page_bytes);
        if (!group_->missing().empty()) {
            GTEST_SKIP() << group_->missing();
        }
    }
    [[nodiscard]] Outcome in_the_group() const { return hindered({"group", group_->processes().string()}); }
    static bool allocate(const std::filesystem::path& path, int mode, off_t offset, off_t length) {
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        const bool done = ::fallocate(fd, mode, offset, length) == 0;
        ::close(fd);
        return done;
    }

    std::unique_ptr<HugePageGroup> group_;
};
INSTANTIATE_TEST_SUITE_P(, GroupLimits, testing::Values(kHuge2M), name_of_kind);

TEST_P(GroupLimits, AreNotForPagesThatAreInAFileAlready) {
    const auto outcome = in_the_group();
    EXPECT_EQ(outcome.out, both_served()) << outcome.err;
    EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_P(GroupLimits, AreNotForFilesThatNobodyHasMappedYet) {
    std::filesystem::remove(file_);
    ASSERT_TRUE(allocate(file_, 0, 0, static_cast<off_t>(kFileBytes)));
    const auto outcome = in_the_group();
    EXPECT_EQ(outcome.out, both_served()) << outcome.err;
    EXPECT_THAT(outcome.err, IsEmpty());
}

// So that the two above are not for lack of a limit.
TEST_P(GroupLimits, AreForEveryPageThatIsWantedAnew) {
    const auto other = file_.parent_path() / ".other";
    const auto allocates_within = [&](const std::filesystem::path& processes) {
        return run({"sh", "-c", "echo 0 >\"$0\" && exec fallocate -l 2097152 \"$1\"", processes.string(),
                    other.string()})
            .ok();
    };
    EXPECT_FALSE(allocates_within(group_->processes()));
    EXPECT_TRUE(allocates_within("/dev/null"));
}

TEST_P(GroupLimits, MakeAFileWithHolesOneThatIsRefused) {
    const auto expect_refused = [&](const char* what) {
        const auto outcome = in_the_group();
        EXPECT_EQ(outcome.out, neither()) << what << outcome.err;
        EXPECT_EQ(count(outcome.err,
                        "not using memory file: " + file_.string() + "; reason: not_populated; it has holes"),
                  1U)
            << what << outcome.err;
        EXPECT_EQ(count(outcome.err, "falling back"), 2U) << what;
        EXPECT_EQ(count(outcome.err, "\n"), 3U) << what << outcome.err;
    };
    ASSERT_TRUE(allocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         static_cast<off_t>(GetParam().page_bytes),
                         static_cast<off_t>(GetParam().page_bytes)));
    expect_refused("punched");
    std::filesystem::remove(file_);
    pool_.add_sparse("file", kFileBytes);
    expect_refused("sparse");
}

}  // namespace
}  // namespace tests
