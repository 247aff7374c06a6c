// What the kernel refuses, and files that can't be used: the caller gets a file or ordinary memory, the
// operator one clear line, and nothing is left behind. (limits_test.cpp, changing_pool_test.cpp: the same of
// limits, and of a pool that changes.)

#include "tests/preload/hindered_fixture.h"
#include "tests/support/lease_of.h"
#include "tests/support/temp_dir.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr const char* kNotSanitized =
    "a sanitizer's runtime maps memory too, and ends the program if it can't";

class Faults : public HinderedTest {
  protected:
    [[nodiscard]] Outcome refusing(const std::string& call, int error, const Environment& more = {}) const {
        return hindered({"refuse", call, std::to_string(error)}, more);
    }
};
INSTANTIATE_TEST_SUITE_P(, Faults, testing::Values(kTmpfs, kHuge2M), name_of_kind);

TEST_P(Faults, LeaveNothingBehindWhereThereIsNone) {
    const auto outcome = hindered({"none"});
    EXPECT_EQ(outcome.out, both_served());
    EXPECT_THAT(outcome.err, IsEmpty());
}

// What one thread's closefrom and another's open can make of it: the number is one of somebody else's file.
TEST_P(Faults, OfADescriptorThatBecameAnotherFilesLeaveThatFileAlone) {
    const auto others = pool_.add("others", kFileBytes);
    const auto lease = lease_of(others.c_str(), hugepage::ByteSize{kFileBytes});
    ASSERT_TRUE(lease);
    const auto outcome = hindered({"swap", "map a file", others.string()});
    EXPECT_THAT(outcome.out,
                StartsWith(got(kOrdinary) + got(kOrdinary) + "swapped: 2, kept: 2\nleft: 0 descriptors"));
    EXPECT_THAT(outcome.err, HasSubstr("reason: map_failed; another thread has closed its descriptor"));
    EXPECT_EQ(std::ifstream(others, std::ios::binary).get(), 0xa5);
}

// The same of the folder: the program's own has a file of that name and size, and is neither served nor
// closed.
TEST_P(Faults, OfAFolderThatBecameAnotherLeaveItsFilesAlone) {
    constexpr int kOtherNode = 1;
    const auto others = pool_.add(file_.filename(), kFileBytes, kOtherNode);
    const auto outcome = hindered({"swap", "open for writing", others.parent_path().string()});
    EXPECT_THAT(outcome.out, StartsWith(got(kOrdinary) + got(kOrdinary) + "swapped: 2, kept: 2\nleft: 0"));
    EXPECT_THAT(outcome.err, HasSubstr("another thread has closed its descriptor"));
    EXPECT_EQ(std::ifstream(others, std::ios::binary).get(), 0xa5);
}

TEST_P(Faults, OfALogThatBecameAnotherFileLeaveThatFileAlone) {
    const TempDir folder;
    const auto others = folder.write("others", "mine");
    const auto outcome = hindered({"swap", "ppoll", others},
                                  {{"HUGEPAGE_LOG", "info"}, {"HUGEPAGE_LOG_FILE", folder.path() / "log"}});
    EXPECT_THAT(outcome.out, StartsWith(got(served()) + got(served()) + "swapped: "));
    EXPECT_THAT(outcome.out, Not(HasSubstr("swapped: 0")));
    EXPECT_EQ(std::filesystem::file_size(others), 4U);
}

TEST_P(Faults, ThatEndAThreadDuringALeaseHinderNoOther) {
    if (std::string_view(SANITIZER).find("thread") != std::string_view::npos) {
        GTEST_SKIP() << "ThreadSanitizer's runtime does not get over a thread that the kernel has ended";
    }
    EXPECT_THAT(hindered({"ended", "flock"}).out, StartsWith(got(served()) + got(served())));
}

TEST_P(Faults, OfALeaseLeadToOrdinaryMemoryAndOneLineAboutTheFile) {
    struct Row {
        std::string call;
        int error;
        std::string line;
    };
    for (const auto& [call, error, line] :
         {Row{"flock", ENOLCK, "reason: map_failed; flock: No locks available"},
          Row{"open for writing", EMFILE, "reason: map_failed; open: Too many open files"},
          Row{"open for writing", EACCES, "reason: permission; open: Permission denied"},
          Row{"fstatfs", EPERM, "reason: map_failed; fstatfs: Operation not permitted"},
          Row{"map a file", ENOMEM, "reason: map_failed; mmap: Cannot allocate memory"},
          Row{"madvise DONTFORK", EPERM,
              "reason: map_failed; madvise(MADV_DONTFORK): Operation not permitted"},
          Row{"madvise DONTDUMP", EPERM,
              "reason: map_failed; madvise(MADV_DONTDUMP): Operation not permitted"},
          Row{"madvise POPULATE_WRITE", ENOMEM,
              "reason: not_populated; madvise(MADV_POPULATE_WRITE): Cannot allocate memory"},
          Row{"madvise", EPERM, "reason: table_full; there is no memory for the table of regions"}}) {
        const auto outcome = refusing(call, error);
        EXPECT_EQ(outcome.out, neither()) << call;
        EXPECT_EQ(count(outcome.err, "not using memory file: " + file_.string() + "; " + line), 1U)
            << call << ":\n"
            << outcome.err;
        EXPECT_EQ(count(outcome.err, "falling back"), 2U) << call;
        EXPECT_EQ(count(outcome.err, "\n"), 3U) << outcome.err;
        EXPECT_FALSE(is_leased(file_)) << call;
    }
}

// Without it the shim doesn't know either what descriptor 2 is, and says nothing there.
TEST_P(Faults, OfFstatLeadToOrdinaryMemory) {
    const auto outcome = refusing("fstat", EPERM);
    EXPECT_EQ(outcome.out, neither());
    EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_P(Faults, OfThePoolsFoldersAreToldOnce) {
    for (const char* call : {"open a folder", "list"}) {
        const auto outcome = refusing(call, EACCES);
        EXPECT_EQ(outcome.out, neither()) << call;
        EXPECT_EQ(count(outcome.err, "\n"), 1U) << outcome.err;
        EXPECT_THAT(outcome.err, HasSubstr("ERROR"));
        EXPECT_THAT(outcome.err, HasSubstr("not serving: "));
        EXPECT_THAT(outcome.err, HasSubstr("Permission denied"));
    }
}

TEST_P(Faults, OfWhatOnlyHelpsDoNoHarm) {
    for (const char* call : {"sched_getaffinity", "getcpu", "prctl"}) {
        const auto outcome = refusing(call, EPERM);
        EXPECT_EQ(outcome.out, both_served()) << call;
        EXPECT_THAT(outcome.err, IsEmpty()) << call;
    }
}

// As a service under systemd's SystemCallFilter=~@resources: a call of that set ends the process.
TEST_P(Faults, UnderAFilterNothingIsCalledThatOnlyHelps) {
    const auto kills = [&](const std::string& expected, const Environment& more) {
        for (const char* call :
             {"clone", "sched_setaffinity", "set_mempolicy", "mbind", "move_pages", "madvise HUGEPAGE"}) {
            const auto outcome = refusing(call, -1, more);
            EXPECT_EQ(outcome.out, expected) << call << outcome.exit_status;
        }
    };
    kills(both_served(), {{"HUGEPAGE_ZERO_THREADS", "2"}});
    std::filesystem::remove(file_);
    pool_.add_sparse("file", kFileBytes);
    kills(neither(), {});
}

TEST_P(Faults, OfTheQuestionWherePagesAreLeaveTheFileItsFoldersNode) {
    const auto outcome = refusing("get_mempolicy", ENOSYS);
    EXPECT_EQ(outcome.out, both_served());
    EXPECT_EQ(count(outcome.err, "cannot ask where pages are: get_mempolicy: Function not implemented"), 1U);
    EXPECT_EQ(count(outcome.err, "\n"), 1U) << outcome.err;
}

// As kernels before 5.14 answer. On tmpfs a touch could fail.
TEST_P(Faults, OfPopulatingOnAnOldKernelAreMadeUpForOnHugetlbfs) {
    const auto outcome = refusing("madvise POPULATE_WRITE", EINVAL);
    EXPECT_EQ(outcome.out, GetParam().is_huge() ? both_served() : neither());
    EXPECT_EQ(count(outcome.err, "not using memory file"), GetParam().is_huge() ? 0U : 1U) << outcome.err;
}

TEST_P(Faults, OfAddressSpaceAreTheCallersOwn) {
    if (kSanitized) {
        GTEST_SKIP() << kNotSanitized;
    }
    const auto outcome = hindered({"limit", "as", bytes(kFileBytes)});
    EXPECT_EQ(outcome.out, std::string("memory: none\nmemory: none\n") + kNothingLeft);
    EXPECT_EQ(count(outcome.err, "Cannot allocate memory"), 1U) << outcome.err;
}

TEST_P(Faults, OfDescriptorsLeadToOrdinaryMemory) {
    const auto outcome = hindered({"limit", "nofile", "3"});
    EXPECT_THAT(outcome.out, HasSubstr("zero: 1, unmap: 0\n"));
    EXPECT_THAT(outcome.err, IsEmpty());  // there is none to write by
}

TEST_P(Faults, OfDescriptorsAreForgottenWhenTheyAreOver) {
    const auto outcome = hindered({"briefly"}, {{"HUGEPAGE_LOG", "info"}});
    EXPECT_THAT(outcome.out, testing::EndsWith(got(served()) + kNothingLeft)) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("was dropped")) << "there was none to write by";
}

TEST_P(Faults, OfAnyOneMappingCallLeaveContentAndAccountTrue) {
    if (kSanitized) {
        GTEST_SKIP() << kNotSanitized;
    }
    const auto outcome = run({FAILING_ONCE, bytes(kFileBytes)},
                             environment({{"HUGEPAGE_LOG", "off"}, {"HUGEPAGE_ZERO_THREADS", "0"}}));
    EXPECT_TRUE(outcome.ok()) << outcome.err;
    ASSERT_THAT(outcome.out, testing::MatchesRegex("served: [0-9]+ of [0-9]+\n")) << outcome.out;
    int served = 0;
    int calls = 0;
    ASSERT_EQ(std::sscanf(outcome.out.c_str(), "served: %d of %d", &served, &calls), 2);
    EXPECT_GE(calls, 30);
    EXPECT_GE(served, calls * 3 / 4);
}

TEST_P(Faults, OfOneFileLeaveTheNextToServe) {
    pool_.add("z", kFileBytes);
    const auto folder = file_.parent_path();
    struct Row {
        const char* what;
        std::function<void()> spoil;
        const char* line;  // unless the other is come upon first; nullptr: nothing is wrong with it
    };
    std::vector<Row> rows = {
        {"a folder", [&] { std::filesystem::create_directory(file_); }, nullptr},
        {"a FIFO", [&] { ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0); }, nullptr},
        {"a device", [&] { ASSERT_EQ(::mknod(file_.c_str(), S_IFCHR | 0600, makedev(1, 5)), 0); }, nullptr},
        {"punched", [&] { pool_.add_sparse("file", kFileBytes); }, "not_populated; it has holes"},
        {"of another size", [&] { pool_.add("file", kFileBytes / 2); }, nullptr},
    };
    if (!GetParam().is_huge()) {  // hugetlbfs has no links
        rows.push_back({"a link", [&] { std::filesystem::create_symlink(folder / "z", file_); },
                        "insecure; it is a symbolic link"});
    }
    for (const auto& [what, spoil, line] : rows) {
        std::filesystem::remove_all(file_);
        spoil();
        const auto outcome = hindered({"none"});
        EXPECT_EQ(outcome.out, both_served()) << what;
        const std::size_t lines = line == nullptr ? 0 : count(outcome.err, line);
        EXPECT_LE(lines, 1U) << what << outcome.err;
        EXPECT_EQ(count(outcome.err, "\n"), lines) << what << outcome.err;
    }
}

}  // namespace
}  // namespace tests
