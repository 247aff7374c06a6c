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

TEST_P(Fork, LetsChildrenReadPrivateMemoryAndNotWrite) {
    const std::string expected =
        "child: reads pp, can't write\ngrandchild: reads pp, can't write\nparent: reads pp, writes\n";
    EXPECT_EQ(output("private"), expected);
    EXPECT_EQ(output("private", "readonly"), expected);
}

TEST_P(Fork, SharesPrivateMemoryIfToldTo) {
    EXPECT_EQ(output("private", "share"),
              "child: reads pp, writes\ngrandchild: reads cp, writes\nparent: reads gp, writes\n");
}

TEST_P(Fork, KeepsPrivateMemoryFromChildrenIfToldTo) {
    if (has_thread_sanitizer()) {
        GTEST_SKIP() << kNotSo;
    }
    EXPECT_EQ(output("private", "none"),
              "child: reads nothingnothing, can't write\ngrandchild: reads nothingnothing, can't write\n"
              "parent: reads pp, writes\n");
}

TEST_P(Fork, SharesSharedMemoryAlways) {
    for (const char* mode : {"readonly", "share", "none"}) {
        EXPECT_EQ(output("shared", mode),
                  "child: reads pp, writes\ngrandchild: reads cp, writes\nparent: reads gp, writes\n");
    }
}

TEST_P(Fork, LetsNoCallOfAChildReachItsParentsMemory) {
    const bool huge = GetParam().is_huge();
    const std::string expected = std::string("mprotect to write: EACCES\nmprotect to read: 0\n") +
                                 "DONTNEED of a page: " + (huge ? "EINVAL" : "0") +
                                 "\nDONTNEED of a huge page: 0\n"
                                 "it reads zero, the next p\nmprotect of it to write: 0\n"
                                 "child: reads zerop, writes\ngrown: reads pzero\n"
                                 "munmap of a page: 0\nit reads p\nmunmap: 0, again 0\nit reads nothing\n"
                                 "parent: reads pp, writes\n";
    EXPECT_EQ(output("calls"), expected);
}

TEST_P(Fork, DoesWithEachPartWhatItsOwnerHasAdvised) {
    if (has_thread_sanitizer()) {
        GTEST_SKIP() << kNotSo;
    }
    EXPECT_EQ(output("advised"),
              "WIPEONFORK: 0\nDONTFORK: 0\nchild: zero nothing p, writes\nchild: p p p, can't write\n"
              "parent: p p p, writes\n");
}

TEST_P(Fork, ChangesNothingForVforkAndSpawn) {
    if (has_thread_sanitizer()) {
        GTEST_SKIP() << kNotSo;
    }
    EXPECT_EQ(output("vfork"), "parent: reads vp, writes\n");
    EXPECT_EQ(output("spawn"),
              "posix_spawn: 0\nsystem: 0\npopen: child\nparent: reads pp, writes\n"
              "child: reads qp, can't write\n");
}

TEST_P(Fork, GivesAChildOfABareCloneNothing) {
    EXPECT_EQ(output("clone"), "child: reads nothingnothing, can't write\nparent: reads pp, writes\n");
}

TEST_P(Fork, KeepsTheFileLeasedByAChildThatOutlivesItsParent) {
    ChildProcess family(command("outlives"), served_only());
    ASSERT_TRUE(family.wait_for("parent is gone"));
    EXPECT_TRUE(is_leased(file_));
    EXPECT_EQ(family.wait().out, "parent is gone\nchild: reads pp, can't write\n");
    // The last words of a child that nobody waits for come before its end.
    EXPECT_TRUE(wait_until([&] { return !is_leased(file_); }));
}

TEST_P(Fork, EndsTheChildsHoldOnTheFileAtExec) {
    ChildProcess family(command("execs"), served_only());
    ASSERT_TRUE(family.wait_for("child is another program"));
    EXPECT_FALSE(is_leased(file_));
    EXPECT_TRUE(family.wait().ok());
}

TEST_P(Fork, StandsAStormOfMappingThreads) {
    // One for the parent, one for each of three threads, and what the last child still has of theirs.
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
        pool_.add(name, kFileBytes);
    }
    EXPECT_EQ(output("storm"), "faults: 0\nparent: reads pp, writes\n");
}

TEST_P(Fork, LeavesRegionsOutOfDumpsUnlessToldOtherwise) {
    EXPECT_EQ(output("dumped"), "dumped: no no no\n");
    auto variables = served_only();
    variables["HUGEPAGE_DUMP"] = "1";
    EXPECT_EQ(run(command("dumped"), variables).out, "dumped: yes no yes\n");
}

}  // namespace
}  // namespace tests
