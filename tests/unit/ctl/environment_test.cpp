// The variables of a program: how they are read, which library is preloaded, and what doctor says of them.
#include "tools/pool/environment.h"

#include "tests/support/temp_dir.h"
#include "tools/common/failure.h"
#include "tools/pool/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace {

using ctl::Environment;
using ctl::Finding;
using ctl::Verdict;
using ctl::with_library;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kShim = "/usr/lib/libhugepage_shim.so";

TEST(Environment, OfAProcessIsReadByName) {
    const tests::TempDir proc;
    using namespace std::string_literals;
    proc.write(
        "7/environ",
        "PATH=/bin\0HUGEPAGE_FILES_PATH=/mnt/a b\0HUGEPAGE_FILES_PATH_PATTERN=p=q\0PATH=/sbin\0odd\0"s);
    const Environment environment = ctl::environment_of(7, proc.path());
    EXPECT_EQ(environment, (Environment{{"HUGEPAGE_FILES_PATH", "/mnt/a b"},
                                        {"HUGEPAGE_FILES_PATH_PATTERN", "p=q"},
                                        {"PATH", "/bin"}}));
    EXPECT_EQ(ctl::value_of(environment, "HUGEPAGE_FILES"), "");
    EXPECT_THROW(static_cast<void>(ctl::environment_of(8, proc.path())), tools::Failure);
}

TEST(Preload, HasTheLibraryInFrontOfWhatIsThere) {
    EXPECT_EQ(with_library("", kShim), kShim);
    EXPECT_EQ(with_library(" :", kShim), kShim);
    EXPECT_EQ(with_library("/a.so", kShim), std::string(kShim) + ":/a.so");
    EXPECT_EQ(with_library("/a.so b.so", kShim), std::string(kShim) + ":/a.so:b.so");
}

TEST(Preload, HasOneOfTheLibrariesOnce) {
    EXPECT_EQ(with_library(kShim, kShim), kShim);
    EXPECT_EQ(with_library("a.so libhugepage_shim.so:b.so", kShim), std::string(kShim) + ":a.so:b.so");
    EXPECT_EQ(with_library("/x/libhugepage_shim_heap.so", kShim), kShim);
    EXPECT_EQ(with_library("/mine.so:a.so", "/mine.so"), "/mine.so:a.so");
}

TEST(Preload, IsTheHeapVariantUnlessTheMulticorePathIsChosen) {
    EXPECT_TRUE(ctl::needs_heap({}));
    EXPECT_TRUE(ctl::needs_heap({{"FIL_PROOFS_USE_MULTICORE_SDR", "0"}}));
    EXPECT_FALSE(ctl::needs_heap({{"FIL_PROOFS_USE_MULTICORE_SDR", "1"}}));
}

TEST(Preload, FindsTheLibraryOfTheSameBuildOrInstallation) {
    const tests::TempDir folder;
#ifdef __aarch64__
    const std::string debian = "debian/usr/lib/aarch64-linux-gnu/libhugepage_shim.so";
#else
    const std::string debian = "debian/usr/lib/x86_64-linux-gnu/libhugepage_shim.so";
#endif
    for (const auto& [program, library] : std::map<std::string, std::string>{
             {"build/tools/ctl/hugepagectl", "build/libhugepage_shim.so"},
             {"debian/usr/bin/hugepagectl", debian},
             {"fedora/usr/bin/hugepagectl", "fedora/usr/lib64/libhugepage_shim.so"},
             {"local/bin/hugepagectl", "local/lib/libhugepage_shim.so"}}) {
        const std::string path = folder.write(program, "").string();
        try {
            static_cast<void>(ctl::find_library("", false, path));
            ADD_FAILURE() << path;
        } catch (const tools::Failure& failure) {
            EXPECT_EQ(failure.code(), tools::ExitCode::usage);
            EXPECT_THAT(failure.what(), HasSubstr((folder.path() / library).parent_path().string()))
                << "where it was looked for";
        }
        const std::string expected = folder.write(library, "").string();
        EXPECT_EQ(ctl::find_library("", false, path), expected);
        EXPECT_THROW(static_cast<void>(ctl::find_library("", true, path)), tools::Failure);
    }
}

TEST(Preload, TakesTheLibraryThatIsNamed) {
    const tests::TempDir folder;
    const std::string built = folder.write("build/libhugepage_shim.so", "").string();
    const std::string program = folder.write("build/tools/ctl/hugepagectl", "").string();
    EXPECT_EQ(ctl::find_library(built, true, "/nowhere"), built);
    EXPECT_THROW(static_cast<void>(ctl::find_library("/no/such.so", false, program)), tools::Failure);
    const std::string odd = folder.write("a b/libhugepage_shim.so", "").string();
    EXPECT_THROW(static_cast<void>(ctl::find_library(odd, false, program)), tools::Failure);
}

std::vector<Verdict> verdicts(const Environment& environment) {
    std::vector<Verdict> result;
    for (const Finding& finding : ctl::judge_environment(environment)) {
        result.push_back(finding.verdict);
    }
    return result;
}

TEST(EnvironmentChecks, RepeatWhatTheShimReports) {
    EXPECT_THAT(verdicts({}), ElementsAre(Verdict::ok));
    EXPECT_THAT(verdicts({{"HUGEPAGE_FILES_PATH", "/mnt"}, {"HUGEPAGE_MODE", "require"}}),
                ElementsAre(Verdict::ok));
    EXPECT_THAT(verdicts({{"HUGEPAGE_MODE", "maybe"}}), ElementsAre(Verdict::warn));
    EXPECT_THAT(verdicts({{"HUGEPAGE_FILE_PATH", "/mnt"}}), ElementsAre(Verdict::warn));
    EXPECT_THAT(verdicts({{"HUGEPAGE_FILES_PATH_PATTERN", "/mnt"}}), ElementsAre(Verdict::fail));
    EXPECT_THAT(verdicts({{"HUGEPAGE_MODE", "off"}}), ElementsAre(Verdict::warn));
    EXPECT_THAT(ctl::judge_environment({{"HUGEPAGE_MODE", "maybe"}}).front().next, "unset HUGEPAGE_MODE");
}

TEST(EnvironmentChecks, SeeBothLibrariesAtOnce) {
    EXPECT_THAT(verdicts({{"LD_PRELOAD", "libhugepage_shim.so:libhugepage_shim_heap.so"}}),
                ElementsAre(Verdict::ok, Verdict::warn));
}

TEST(EnvironmentChecks, SeeTheLibraryThatDoesNotServeCalloc) {
    EXPECT_THAT(verdicts({{"LD_PRELOAD", "libhugepage_shim.so"}}), ElementsAre(Verdict::ok, Verdict::warn));
    EXPECT_THAT(verdicts({{"LD_PRELOAD", "libhugepage_shim.so"}, {"FIL_PROOFS_USE_MULTICORE_SDR", "1"}}),
                ElementsAre(Verdict::ok));
    EXPECT_THAT(verdicts({{"LD_PRELOAD", "libhugepage_shim_heap.so"}}), ElementsAre(Verdict::ok));
}

}  // namespace
