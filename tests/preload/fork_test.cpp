// What children have of a region, by every way of making one, and for how long they hold the file.

#include "tests/preload/preloaded.h"
#include "tests/support/wait_until.h"

namespace tests {
namespace {

bool has_thread_sanitizer() {
    return std::string_view(SANITIZER).find("thread") != std::string_view::npos;
}

constexpr const char* kNotSo =
    "ThreadSanitizer maps memory of its own in a child's gaps, and makes a fork of each vfork";

class Fork : public OneFileTest {
  protected:
    [[nodiscard]] std::vector<std::string> command(const std::string& scenario) const {
        return {FORKS, scenario, bytes(kFileBytes)};
    }
    // What it says on stdout; anything that isn't served shows there too.
    [[nodiscard]] std::string output(const std::string& scenario, const std::string& mode = "") const {
        const auto outcome = run(command(scenario), served_only(mode));
        EXPECT_TRUE(outcome.ok()) << outcome.err << " signal " << outcome.signal;
        return outcome.out;
    }
    [[nodiscard]] Environment served_only(const std::string& mode = "") const {
        return environment({{"HUGEPAGE_FORK", mode},
                            {"HUGEPAGE_MODE", "require"},
                            {"HUGEPAGE_LOG", "error"},
                            // Else a child of a program with threads may not go on.
                            {"TSAN_OPTIONS", "die_after_fork=0"}});
    }
};
INSTANTIATE_TEST_SUITE_P(, Fork, testing::Values(kTmpfs, kHuge2M), name_of_kind);

TEST_P(Fork, KeepsPrivateMemoryFromChildrenHoweverTheyAreMadeAndServesThemAsWell) {
    if (has_thread_sanitizer()) {
        GTEST_SKIP() << kNotSo;
    }
    pool_.add("second", kFileBytes);
    std::string expected;
    for (const std::string way : {"fork", "_Fork", "clone", "clone3"}) {
        expected += way + ": reads nothingnothing, can't write\nits own: p, munmap: 0, of its parent's: 0\n";
    }
    expected += "parent: reads pp, writes\n";
    EXPECT_EQ(output("ways"), expected);
    EXPECT_EQ(output("ways", "none"), expected);
}

TEST_P(Fork, SharesPrivateMemoryIfToldTo) {
    EXPECT_EQ(output("private", "share"),
              "child: reads pp, writes\ngrandchild: reads cp, writes\nparent: reads gp, writes\n");
}

TEST_P(Fork, KnowsNoWaysOfOlderVersions) {
    auto variables = served_only("readonly");
    variables["HUGEPAGE_LOG"] = "warn";
    const auto outcome = run(command("shared"), variables);
    EXPECT_THAT(outcome.err, testing::HasSubstr("HUGEPAGE_FORK=readonly: it must be none or share"));
}

TEST_P(Fork, SharesSharedMemoryAlways) {
    for (const char* mode : {"share", "none"}) {
        EXPECT_EQ(output("shared", mode),
                  "child: reads pp, writes\ngrandchild: reads cp, writes\nparent: reads gp, writes\n");
    }
}

TEST_P(Fork, DoesWithEachPartWhatItsOwnerHasAdvised) {
    if (has_thread_sanitizer()) {
        GTEST_SKIP() << kNotSo;
    }
    EXPECT_EQ(output("advised"), "WIPEONFORK: EINVAL\nDOFORK: 0\nDONTFORK: 0\nchild: p nothing nothing\n");
}

TEST_P(Fork, ChangesNothingForVforkAndSpawn) {
    if (has_thread_sanitizer()) {
        GTEST_SKIP() << kNotSo;
    }
    EXPECT_EQ(output("vfork"), "parent: reads vp, writes\n");
    EXPECT_EQ(output("spawn"),
              "posix_spawn: 0\nsystem: 0\npopen: child\nparent: reads pp, writes\n"
              "child: reads nothingnothing, can't write\n");
}

TEST_P(Fork, KeepsTheFileLeasedByAChildThatOutlivesItsParent) {
    ChildProcess family(command("outlives"), served_only("share"));
    ASSERT_TRUE(family.wait_for("parent is gone"));
    EXPECT_TRUE(is_leased(file_));
    EXPECT_EQ(family.wait().out, "parent is gone\nchild: reads pp, writes\n");
    // The last words of a child that nobody waits for come before its end.
    EXPECT_TRUE(wait_until([&] { return !is_leased(file_); }));
}

TEST_P(Fork, EndsTheChildsHoldOnTheFileAtExec) {
    ChildProcess family(command("execs"), served_only("share"));
    ASSERT_TRUE(family.wait_for("child is another program"));
    EXPECT_FALSE(is_leased(file_));
    EXPECT_TRUE(family.wait().ok());
}

// A minute of it nightly (STORM_SECONDS).
TEST_P(Fork, StandsAStormOfThreadsThatForkAndMap) {
    if (has_thread_sanitizer()) {
        GTEST_SKIP() << "with ThreadSanitizer it does not end within ten minutes";
    }
    for (const char* name : {"a", "b", "c", "d", "e", "f", "g"}) {
        pool_.add(name, kFileBytes);
    }
    auto forks = command("storm");
    const char* seconds = std::getenv("STORM_SECONDS");
    forks.push_back(seconds == nullptr ? "0" : seconds);
    const auto outcome =
        run(forks, environment({{"HUGEPAGE_LOG", "trace"}, {"TSAN_OPTIONS", "die_after_fork=0"}}));
    EXPECT_EQ(outcome.out, "faults: 0\nparent: reads pp, writes\n");
    EXPECT_THAT(outcome.err, testing::HasSubstr("leased memory file"));
}

TEST_P(Fork, LeavesRegionsOutOfDumpsUnlessToldOtherwise) {
    EXPECT_EQ(output("dumped"), "dumped: no no no\n");
    auto variables = served_only();
    variables["HUGEPAGE_DUMP"] = "1";
    EXPECT_EQ(run(command("dumped"), variables).out, "dumped: yes no yes\n");
}

}  // namespace
}  // namespace tests
