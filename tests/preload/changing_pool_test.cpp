// What becomes of a pool before a program asks, between two times, and while it has the memory: it is served
// or gets ordinary memory, the operator one clear line, and nothing is left behind.

#include "tests/preload/hindered_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <thread>

namespace tests {
namespace {

using testing::HasSubstr;

class ChangingPool : public HinderedTest {
  protected:
    // The program's first time, then the change, then its second.
    [[nodiscard]] static Outcome changed(const std::vector<std::string>& program,
                                         const Environment& variables, const std::function<void()>& change) {
        ChildProcess child(program, variables);
        EXPECT_TRUE(child.wait_for("now\n"));
        change();
        return child.wait();
    }
    void resize(std::uint64_t size) const {
        const int fd = ::open(file_.c_str(), O_RDWR | O_CLOEXEC);
        EXPECT_EQ(::ftruncate(fd, static_cast<off_t>(size)), 0);
        EXPECT_EQ(::fallocate(fd, 0, 0, static_cast<off_t>(size)), 0);
        ::close(fd);
    }
    static void shut(const std::filesystem::path& path) { EXPECT_EQ(::chmod(path.c_str(), 0), 0); }
    // The second time there is ordinary memory, and only this and the lines are said.
    static void expect_ordinary_the_second_time(const Outcome& outcome, const std::string& in_between,
                                                const std::vector<std::string>& lines) {
        EXPECT_EQ(outcome.out, in_between + got(kOrdinary) + kNothingLeft) << outcome.err;
        for (const std::string& line : lines) {
            EXPECT_EQ(count(outcome.err, line), 1U) << outcome.err;
        }
        EXPECT_EQ(count(outcome.err, "\n"), lines.size()) << outcome.err;
    }
    // Until the shim may look again which sizes there are.
    static void wait_a_second() { std::this_thread::sleep_for(std::chrono::milliseconds(1100)); }
};
INSTANTIATE_TEST_SUITE_P(, ChangingPool, testing::Values(kTmpfs, kHuge2M), name_of_kind);

TEST_P(ChangingPool, GivesOrdinaryMemoryWhereAFileServedBefore) {
    struct Row {
        const char* what;
        std::function<void()> change;
    };
    for (const auto& [what, change] :
         {Row{"the file is gone", [&] { std::filesystem::remove(file_); }},
          Row{"the node's folder is gone", [&] { std::filesystem::remove_all(file_.parent_path()); }},
          Row{"all that is in the pool is gone",
              [&] {
                  std::filesystem::remove_all(file_.parent_path());
                  std::filesystem::rename(pool_.path(), pool_.path().string() + ".old");
              }},
          Row{"grown", [&] { resize(2 * kFileBytes); }}, Row{"truncated", [&] { resize(kFileBytes / 2); }}}) {
        SCOPED_TRACE(what);
        for (const std::string when : {"later", "meanwhile"}) {
            const std::string first = got(served());
            const bool holds = when == "meanwhile";
            if (holds && std::string_view(what) == "truncated") {
                continue;  // takes the pages from whoever has them mapped
            }
            const auto moved = pool_.path().string() + ".old";
            if (std::string_view(what).starts_with("all") && GetParam().is_huge()) {
                continue;  // a mount can't be renamed
            }
            const auto outcome = changed(command({when}), variables(), change);
            expect_ordinary_the_second_time(
                outcome, holds ? "now\nkept\n" + first : first + "now\n",
                {"falling back. memory_size: 8388608; numa: 0; reason: no_file_for_size"});
            if (std::filesystem::exists(moved)) {
                std::filesystem::rename(moved, pool_.path());
            }
            std::filesystem::remove(file_);
            pool_.add("file", kFileBytes);
        }
    }
}

TEST_P(ChangingPool, ServesWithAFileThatWasMadeAnew) {
    for (const std::string when : {"later", "meanwhile"}) {
        const auto outcome = changed(command({when}), variables(), [&] {
            std::filesystem::remove_all(file_.parent_path());
            pool_.add("file", kFileBytes);
        });
        EXPECT_THAT(outcome.out, testing::EndsWith(got(served()) + kNothingLeft));
        EXPECT_EQ(count(outcome.out, got(served())), 2U) << outcome.out;
        EXPECT_EQ(outcome.err, "");
        EXPECT_FALSE(is_leased(file_));
    }
}

TEST_P(ChangingPool, ServesWithAFileOfTheOldSizeBesideOneThatHasGrown) {
    pool_.add("z", kFileBytes);
    const auto outcome = changed(command({"later"}), variables(), [&] { resize(2 * kFileBytes); });
    EXPECT_EQ(outcome.out, got(served()) + "now\n" + got(served()) + kNothingLeft);
    EXPECT_EQ(outcome.err, "");
}

TEST_P(ChangingPool, ThatComesLaterServes) {
    const auto folder = file_.parent_path();
    const auto add = [&](std::uint64_t size) {
        pool_.add("file", size);
        wait_a_second();
    };
    for (const bool has_others : {false, true}) {
        SCOPED_TRACE(has_others);
        std::filesystem::remove_all(folder);
        if (has_others) {
            pool_.add("larger", 2 * kFileBytes);
        }
        const auto outcome = changed(command({"later"}), variables(), [&] { add(kFileBytes); });
        EXPECT_EQ(outcome.out, got(kOrdinary) + "now\n" + got(served()) + kNothingLeft) << outcome.err;
        EXPECT_EQ(count(outcome.err, "not serving: no memory files at"), has_others ? 0U : 1U) << outcome.err;
        EXPECT_EQ(count(outcome.err, "\n"), has_others ? 0U : 1U) << outcome.err;
    }
}

TEST_P(ChangingPool, ThatAnOrdinaryUserMayNotReadIsSaidOnce) {
    if (const std::string missing = give_to_nobody(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    for (const auto& folder : {file_.parent_path(), pool_.path()}) {
        shut(folder);
        const auto outcome = run(as_nobody({"none"}), variables_of_nobody());
        EXPECT_EQ(::chmod(folder.c_str(), 0755), 0);
        EXPECT_EQ(outcome.out, neither()) << folder << outcome.err;
        EXPECT_EQ(count(outcome.err, "\n"), 1U) << outcome.err;
        EXPECT_THAT(outcome.err, HasSubstr("ERROR"));
        EXPECT_THAT(outcome.err, HasSubstr("not serving: open " + folder.string()));
        EXPECT_THAT(outcome.err, HasSubstr("Permission denied"));
    }
}

TEST_P(ChangingPool, OfWhichOneNodesFolderMayNotBeReadServesFromTheOthersAndSaysSo) {
    if (const std::string missing = give_to_nobody(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    const auto other = pool_.add("file", kFileBytes, 1).parent_path();
    shut(other);
    const auto outcome = run(as_nobody({"none"}), variables_of_nobody({{"HUGEPAGE_NODE", "0"}}));
    EXPECT_EQ(::chmod(other.c_str(), 0755), 0);
    EXPECT_EQ(outcome.out, both_served()) << outcome.err;
    EXPECT_EQ(count(outcome.err, "\n"), 1U) << outcome.err;
    EXPECT_THAT(outcome.err,
                HasSubstr("cannot read all memory files: open " + other.string() + ": Permission denied"));
}

TEST_P(ChangingPool, ThatAnOrdinaryUserMayNoLongerReadGivesOrdinaryMemory) {
    if (const std::string missing = give_to_nobody(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    for (const auto& shut_later : {file_, file_.parent_path(), pool_.path()}) {
        SCOPED_TRACE(shut_later);
        for (const std::string when : {"later", "meanwhile"}) {
            const auto outcome = changed(as_nobody({when}), variables_of_nobody(), [&] { shut(shut_later); });
            EXPECT_EQ(::chmod(shut_later.c_str(), shut_later == file_ ? 0600 : 0755), 0);
            const std::string named =
                shut_later == file_ ? file_.string() : file_.parent_path().string() + "/*";
            expect_ordinary_the_second_time(
                outcome, when == "later" ? got(served()) + "now\n" : "now\nkept\n" + got(served()),
                {"not using memory file: " + named + "; reason: permission; open: Permission denied",
                 "falling back. memory_size: 8388608; numa: 0; reason: permission"});
        }
    }
}

}  // namespace
}  // namespace tests
