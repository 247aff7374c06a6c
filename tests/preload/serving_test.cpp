// What a program that asks for a buffer of a file's size gets.

#include "tests/preload/preloaded.h"
#include "tests/support/temp_dir.h"

#include <dlfcn.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

class Serving : public PoolTest {};
INSTANTIATE_TEST_SUITE_P(, Serving, testing::Values(kTmpfs, kHuge2M), name_of_kind);

using ServingWhereThereAreLinks = Serving;  // hugetlbfs has none
INSTANTIATE_TEST_SUITE_P(, ServingWhereThereAreLinks, testing::Values(kTmpfs), name_of_kind);

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) {
        ++found;
    }
    return found;
}

TEST_P(Serving, GivesFreshZeroedFileMemoryByEitherName) {
    pool_.add("file", kFileBytes);
    const std::string expected = "memory: " + served() + "\nfresh: zero\nunmap: 0\nafter: unmapped\n";
    EXPECT_EQ(probe("map").out, expected);
    EXPECT_EQ(probe("map64").out, expected);
}

TEST_P(Serving, SaysInOneLineWhatWasLeased) {
    const auto file = pool_.add("file", kFileBytes);
    const auto outcome = probe("map", {{"HUGEPAGE_NODE", "0"}});
    EXPECT_EQ(count(outcome.err, "\n"), 1U) << outcome.err;
    EXPECT_THAT(
        outcome.err,
        MatchesRegex(
            "[-0-9]+T[:.0-9]+\\+00:00 INFO ThreadId\\(01\\) hugepage_shim::lease: leased memory file: " +
            file.string() +
            "; memory_size: 8.0 MiB; page_size: [0-9.]+ [KM]iB; numa wanted: 0, found: 0 "
            "\\([0-9]+ of [0-9]+ pages looked at\\); took [0-9.]+ ms .*\n"));
}

TEST_P(Serving, ZeroesAgainAfterEachOwner) {
    pool_.add("file", kFileBytes);
    EXPECT_EQ(probe("twice").out, "fresh: zero\nfresh: zero\n");
    EXPECT_EQ(probe("twice", {{"HUGEPAGE_ZERO_THREADS", "3"}}).out, "fresh: zero\nfresh: zero\n");
}

TEST_P(Serving, LeavesTheContentIfToldTo) {
    pool_.add("file", kFileBytes);
    EXPECT_EQ(probe("twice", {{"HUGEPAGE_ZERO", "never"}}).out, "fresh: dirty\nfresh: dirty\n");
}

TEST_P(Serving, LeavesErrnoAsItWas) {
    pool_.add("file", kFileBytes);
    EXPECT_EQ(probe("errno").out,
              "served: " + served() + " 1\npassed on: 1\nunmapped: 1\nthe kernel's own refusals: 1 1\n");
}

TEST_P(Serving, TakesNoRequestThatAFileCouldNotFulfil) {
    pool_.add("file", kFileBytes);
    const std::string anonymous = kOrdinary + "\n";
    EXPECT_EQ(probe("flags").out,
              "noreserve: " + served() + "\npopulate: " + served() + "\nlocked: " + served() +
                  "\nhint: " + served() + "\nhint within a page: " + served() +
                  ", kept: 1\nodd offset: failed" + "\nread only: " + anonymous + "none: " + anonymous +
                  "executable: " + anonymous + "stack: " + anonymous + "growsdown: " + anonymous +
                  "fixed: " + anonymous + "one page more: " + anonymous + "one page less: " + anonymous +
                  "one byte less: " + anonymous);
}

TEST_P(Serving, ServesOnlyTheProgramThatIsNamed) {
    pool_.add("file", kFileBytes);
    EXPECT_THAT(probe("map", {{"HUGEPAGE_EXE", "pro*"}}).out, StartsWith("memory: " + served()));
    EXPECT_THAT(probe("map", {{"HUGEPAGE_EXE", PROBE}}).out, StartsWith("memory: " + served()));
    const auto other = probe("map", {{"HUGEPAGE_EXE", "lotus-*"}, {"HUGEPAGE_MODE", "require"}});
    EXPECT_THAT(other.out, StartsWith(kAnonymous));
    EXPECT_THAT(other.err, IsEmpty());
}

// An upgrade has taken its file's place, and it executes itself again.
TEST_P(Serving, KnowsTheNameOfAProgramThatIsNoMore) {
    pool_.add("file", kFileBytes);
    const TempDir folder;
    const std::string copy = (folder.path() / "sealer").string();
    std::filesystem::copy(PROBE, copy);
    const std::string script =
        "exec 9<" + copy + " && rm " + copy + " && exec /proc/self/fd/9 map " + bytes(kFileBytes) + " ''";
    const auto outcome = run({"sh", "-c", script}, environment({{"HUGEPAGE_EXE", "sealer"}}));
    EXPECT_THAT(outcome.out, StartsWith("memory: " + served()));
}

// As bundles start their programs: for the kernel the executable is the loader then.
TEST_P(Serving, KnowsTheProgramThatALoaderIsStartedWith) {
    pool_.add("file", kFileBytes);
    Dl_info loader{};
    ASSERT_NE(dladdr(reinterpret_cast<void*>(getauxval(AT_BASE)), &loader), 0);
    const auto started_by_loader = [&](const std::string& glob) {
        return run({loader.dli_fname, PROBE, "map", bytes(kFileBytes), ""},
                   environment({{"HUGEPAGE_EXE", glob}}))
            .out;
    };
    EXPECT_THAT(started_by_loader("pro*"), StartsWith("memory: " + served()));
    EXPECT_THAT(started_by_loader(PROBE), StartsWith("memory: " + served()));
    EXPECT_THAT(started_by_loader("ld*"), StartsWith(kAnonymous));
}

TEST_P(Serving, SharesSharedMemoryWithAChild) {
    pool_.add("file", kFileBytes);
    EXPECT_EQ(probe("shared").out, "memory: " + served() + "\nwritten by the child: c\n");
}

TEST_P(Serving, KeepsPrivateMemoryFromAChild) {
    pool_.add("file", kFileBytes);
    EXPECT_EQ(probe("fork", {{"HUGEPAGE_MODE", "require"}}).out, "parent reads: p\n");
}

TEST_P(Serving, GivesTheFilesOfTheNodeThatIsAskedFor) {
    pool_.add("file", kFileBytes, 5);
    EXPECT_THAT(probe("map").out, StartsWith(kAnonymous));
    // Its pages are on no such node, so it isn't served for that node either.
    const auto outcome = probe("map", {{"HUGEPAGE_NODE", "5"}});
    EXPECT_THAT(outcome.out, StartsWith(kAnonymous));
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("reason: misplaced"), HasSubstr("numa: 5; reason: misplaced")));
}

TEST_P(Serving, FallsBackWithOneWarningWhenTheNodeHasNoFile) {
    pool_.add("file", kFileBytes, 5);
    const auto outcome = probe("map");
    EXPECT_EQ(count(outcome.err, "\n"), 1U) << outcome.err;
    EXPECT_THAT(outcome.err,
                HasSubstr(" WARN ThreadId(01) hugepage_shim::pool: unable to alloc numa memory, falling "
                          "back. memory_size: 8388608; numa: 0; reason: no_file_for_size"));
}

TEST_P(Serving, FallsBackWhenAllFilesAreLeased) {
    pool_.add("file", kFileBytes);
    const auto outcome = probe("hold", {}, "2");
    EXPECT_EQ(outcome.out, "memory: " + served() + "\n" + kAnonymous + "holding\n");
    EXPECT_THAT(outcome.err, HasSubstr("numa: 0; reason: all_leased"));
}

TEST_P(Serving, FailsInsteadOfFallingBackIfRequired) {
    pool_.add("file", kFileBytes);
    const auto outcome = probe("hold", {{"HUGEPAGE_MODE", "require"}}, "2");
    EXPECT_EQ(outcome.out, "memory: " + served() + "\nfailed: Cannot allocate memory\n");
    EXPECT_THAT(
        outcome.err,
        HasSubstr("ERROR ThreadId(01) hugepage_shim::pool: unable to alloc numa memory, failing with "
                  "ENOMEM (HUGEPAGE_MODE=require). memory_size: 8388608; numa: 0; reason: all_leased"));
}

TEST_P(Serving, IsOffIfToldTo) {
    pool_.add("file", kFileBytes);
    const auto outcome = probe("map", {{"HUGEPAGE_MODE", "off"}});
    EXPECT_THAT(outcome.out, StartsWith(kAnonymous));
    EXPECT_THAT(outcome.err, IsEmpty());
}

TEST_P(Serving, RefusesAFileWithHoles) {
    pool_.add_sparse("file", kFileBytes);
    EXPECT_THAT(probe("map").err, HasSubstr("numa: 0; reason: not_populated"));
}

TEST_P(Serving, RefusesAFileThatOthersMayReadAndTakesAnother) {
    const auto open_file = pool_.add("a", kFileBytes);
    pool_.add("b", kFileBytes);
    std::filesystem::permissions(open_file, std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    const auto outcome = probe("hold", {}, "2");
    EXPECT_EQ(outcome.out, "memory: " + served() + "\n" + kAnonymous + "holding\n");
    EXPECT_THAT(outcome.err,
                HasSubstr("not using memory file: " + open_file.string() + "; reason: insecure"));
}

TEST_P(ServingWhereThereAreLinks, RefusesANodesFolderThatIsALink) {
    const auto folder = pool_.add("file", kFileBytes).parent_path();
    std::filesystem::rename(folder, pool_.path() / "numa_1");
    std::filesystem::create_directory_symlink("numa_1", folder);
    const auto outcome = probe("map", {{"HUGEPAGE_NODE", "0"}});
    EXPECT_THAT(outcome.out, StartsWith(kAnonymous));
    EXPECT_THAT(outcome.err, HasSubstr("not using memory file: " + folder.string() +
                                       "/*; reason: insecure; it is a symbolic link"));
}

// Where files of every user that the namespace has no number for seem to be the sealer's own.
TEST_P(Serving, RefusesFilesWhoseOwnerItsUserNamespaceCannotName) {
    pool_.add("file", kFileBytes);
    const auto in_a_namespace = [&](const std::string& option) {
        return run({"unshare", "--user", option, PROBE, "map", bytes(kFileBytes)},
                   environment({{"HUGEPAGE_NODE", "0"}}));
    };
    const auto named = in_a_namespace("--map-root-user");
    if (named.exit_status != 0) {
        GTEST_SKIP() << "needs to make user namespaces: " << named.err;
    }
    EXPECT_THAT(named.out, StartsWith("memory: " + served()));
    const auto unnamed = in_a_namespace("--ipc");  // no map of users at all
    EXPECT_THAT(unnamed.out, StartsWith(kAnonymous));
    EXPECT_THAT(unnamed.err, HasSubstr("reason: insecure; its folder belongs to another user"));
}

TEST_P(Serving, SaysPermissionWhenItMayNotOpenTheFile) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, to be somebody else";
    }
    pool_.add("file", kFileBytes);
    // The library and the probe where anybody can read them.
    const TempDir open_dir;
    std::filesystem::permissions(open_dir.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(pool_.path(), std::filesystem::perms(0755));
    std::filesystem::copy(PROBE, open_dir.path() / "probe");
    std::filesystem::copy(SHIM_LIBRARY, open_dir.path() / "shim.so");
    auto variables = environment();
    const auto library = variables["LD_PRELOAD"];
    variables["LD_PRELOAD"] = library.substr(0, library.size() - std::string(SHIM_LIBRARY).size()) +
                              (open_dir.path() / "shim.so").string();
    const auto outcome = run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                              (open_dir.path() / "probe").string(), "map", bytes(kFileBytes)},
                             variables);
    EXPECT_THAT(outcome.out, StartsWith(kAnonymous));
    EXPECT_THAT(outcome.err, HasSubstr("numa: 0; reason: permission"));
}

TEST_P(Serving, NamesEachFaultOfAFileOnceButEachFallback) {
    pool_.add_sparse("file", kFileBytes);
    const auto outcome = probe("hold", {}, "3");
    EXPECT_EQ(count(outcome.err, "not using memory file"), 1U) << outcome.err;
    EXPECT_EQ(count(outcome.err, "falling back"), 3U);
}

TEST_P(Serving, SaysOnceThatASectorSizedRequestHasNoFileOfItsSize) {
    pool_.add("file", kFileBytes);
    const auto outcome = run({PROBE, "flags", bytes(1UL << 30)}, environment());
    EXPECT_EQ(count(outcome.err, "no memory file's size equals. memory_size: 1073741824 (1.0 GiB)"), 1U)
        << outcome.err;
}

TEST_P(Serving, TellsAtTraceWhichFilesItFound) {
    const auto file = pool_.add("file", kFileBytes);
    pool_.add("other", kFileBytes, 1);
    const auto outcome = probe("map", {{"HUGEPAGE_LOG", "trace"}});
    EXPECT_THAT(
        outcome.err,
        HasSubstr(" TRACE ThreadId(01) hugepage_shim::pool: loaded memory file: " + file.string() + "\n"));
    EXPECT_THAT(outcome.err,
                HasSubstr("number of loaded memory files: numa_id: 0, loaded: 1; numa_id: 1, loaded: 1\n"));
}

TEST_P(Serving, WarnsOfWrongAndUnknownVariablesAndServes) {
    pool_.add("file", kFileBytes);
    const auto outcome = probe("map", {{"HUGEPAGE_MODE", "maybe"}, {"HUGEPAGE_NODES", "1"}});
    EXPECT_THAT(outcome.out, StartsWith("memory: " + served()));
    EXPECT_EQ(count(outcome.err, " WARN "), 2U) << outcome.err;
    EXPECT_THAT(outcome.err, AllOf(HasSubstr("HUGEPAGE_MODE=maybe: "), HasSubstr("HUGEPAGE_NODES=1: ")));
}

TEST_P(Serving, FindsFilesByPattern) {
    pool_.add("file", kFileBytes);
    const auto outcome =
        probe("map", {{"HUGEPAGE_FILES_PATH", "/nowhere"},
                      {"HUGEPAGE_FILES_PATH_PATTERN", pool_.path().string() + "/numa_$NUMA_NODE_INDEX"}});
    EXPECT_THAT(outcome.out, StartsWith("memory: " + served()));
}

TEST_P(Serving, WritesToALogFileInsteadOfStderr) {
    pool_.add("file", kFileBytes);
    const TempDir dir;
    const auto log = dir.path() / "log";
    const auto outcome = probe("map", {{"HUGEPAGE_LOG_FILE", log.string()}});
    EXPECT_THAT(outcome.err, IsEmpty());
    EXPECT_THAT(read_file(log), HasSubstr("leased memory file: "));
}

TEST_P(Serving, NeverWritesIntoAFileThatTookThePlaceOfStderr) {
    pool_.add("file", kFileBytes);
    const TempDir dir;
    const auto file = dir.path() / "data";
    const auto outcome = probe("stderr", {{"HUGEPAGE_LOG", "trace"}}, file.string());
    EXPECT_EQ(outcome.out, "opened as: 2\nmemory: " + served() + "\n");
    EXPECT_EQ(read_file(file), "");
}

TEST_P(Serving, NeedsLittleStack) {
#ifndef NDEBUG
    GTEST_SKIP() << "unoptimized code needs more stack";
#endif
    if (!std::string(SANITIZER).empty()) {
        GTEST_SKIP() << "sanitizers need more stack than the smallest";
    }
    pool_.add("file", kFileBytes);
    pool_.add("leased", kFileBytes);
    ChildProcess holder({PROBE, "hold", bytes(kFileBytes), "1"}, environment());
    ASSERT_TRUE(holder.wait_for("holding"));
    EXPECT_THAT(probe("smallstack", {{"HUGEPAGE_LOG", "trace"}, {"HUGEPAGE_ZERO_THREADS", "4"}}).out,
                StartsWith("memory: " + served() + "\nfresh: zero\n"));
}

TEST_P(Serving, SurvivesManyThreadsAtOnce) {
    for (const char* name : {"a", "b", "c"}) {
        pool_.add(name, kFileBytes);
    }
    const auto outcome = probe("threads", {}, "8");
    EXPECT_EQ(outcome.out, "faults: 0\n");
    EXPECT_GE(count(outcome.err, "leased memory file"), 3U);
    EXPECT_THAT(outcome.err, Not(HasSubstr("ERROR")));
}

}  // namespace
}  // namespace tests
