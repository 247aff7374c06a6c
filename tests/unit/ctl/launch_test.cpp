// What a command is started with, and what is said of the variables and of the loader.
#include "tools/ctl/run/launch.h"

#include "tests/support/temp_dir.h"
#include "tools/common/failure.h"
#include "tools/ctl/doctor/environment_checks.h"
#include "tools/ctl/doctor/loading.h"
#include "tools/ctl/program/preload.h"

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
using testing::IsEmpty;

constexpr const char* kShim = "/usr/lib/libhugepage_shim.so";

TEST(Environment, OfAProcessIsReadByName) {
    const tests::TempDir proc;
    using namespace std::string_literals;
    const std::string entries = "PATH=/bin\0HUGEPAGE_FILES_PATH=/mnt/a b\0HUGEPAGE_FILES_PATH_PATTERN=p\0"s;
    const auto environment = Environment::of_process(proc.write("environ", entries).string());
    EXPECT_STREQ(environment.find("HUGEPAGE_FILES_PATH"), "/mnt/a b");
    EXPECT_STREQ(environment.find("HUGEPAGE_FILES_PATH_PATTERN"), "p");
    EXPECT_EQ(environment.find("HUGEPAGE_FILES"), nullptr);
    EXPECT_THROW(static_cast<void>(Environment::of_process("/no/such")), tools::Failure);
}

TEST(Preload, IsAddedToAndNeverReplaced) {
    EXPECT_EQ(with_library("", kShim), kShim);
    EXPECT_EQ(with_library(" :", kShim), kShim);
    EXPECT_EQ(with_library("/a.so", kShim), std::string("/a.so:") + kShim);
    EXPECT_EQ(with_library("/a.so b.so", kShim), std::string("/a.so b.so:") + kShim);
}

TEST(Preload, NamesTheLibraryOnce) {
    EXPECT_EQ(with_library(kShim, kShim), kShim);
    EXPECT_EQ(with_library("a.so libhugepage_shim.so:b.so", kShim), "a.so libhugepage_shim.so:b.so");
    EXPECT_EQ(with_library("libhugepage_shim_heap.so", kShim),
              std::string("libhugepage_shim_heap.so:") + kShim);
}

TEST(Preload, FindsTheLibraryOfTheSameBuildOrInstallation) {
    const tests::TempDir folder;
    for (const auto& [program, library] : std::map<std::string, std::string>{
             {"build/tools/ctl/hugepagectl", "build/libhugepage_shim.so"},
             {"debian/usr/bin/hugepagectl", "debian/usr/lib/x86_64-linux-gnu/libhugepage_shim.so"},
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

TEST(Launch, SetsWhatWasWishedForAndKeepsTheRest) {
    ctl::LaunchWishes wishes;
    wishes.pool = hugepage::FilePattern::in_folder("/mnt/huge/pc1");
    wishes.library = kShim;
    wishes.require = true;
    wishes.log = "debug";
    const Environment before({"A=b", "HUGEPAGE_FILES_PATH_PATTERN=/x/$NUMA_NODE_INDEX", "LD_PRELOAD=/a.so"});
    const Environment after = ctl::launch_environment(before, wishes);
    EXPECT_THAT(after.entries(), testing::UnorderedElementsAre("A=b", "HUGEPAGE_FILES_PATH=/mnt/huge/pc1",
                                                               "HUGEPAGE_MODE=require", "HUGEPAGE_LOG=debug",
                                                               std::string("LD_PRELOAD=/a.so:") + kShim));
    EXPECT_EQ(ctl::as_shell_command(before, {{"sh", "-c", "a b"}, "/bin/sh", after}),
              std::string("env -u HUGEPAGE_FILES_PATH_PATTERN HUGEPAGE_FILES_PATH=/mnt/huge/pc1 "
                          "HUGEPAGE_MODE=require HUGEPAGE_LOG=debug LD_PRELOAD=/a.so:") +
                  kShim + " sh -c 'a b'");
}

TEST(Launch, KeepsThePatternThatIsNoFolders) {
    ctl::LaunchWishes wishes;
    wishes.pool = hugepage::FilePattern::parse("/mnt/n$NUMA_NODE_INDEX/files");
    wishes.library = kShim;
    const Environment after = ctl::launch_environment(Environment({"HUGEPAGE_FILES_PATH=/old"}), wishes);
    EXPECT_EQ(after.value("HUGEPAGE_FILES_PATH_PATTERN"), "/mnt/n$NUMA_NODE_INDEX/files");
    EXPECT_EQ(after.find("HUGEPAGE_FILES_PATH"), nullptr);
    EXPECT_EQ(after.find("HUGEPAGE_MODE"), nullptr);
}

TEST(Launch, KnowsTheLevelThatIsLoggedAt) {
    EXPECT_EQ(ctl::log_level(Environment()), hugepage::log::Level::info);
    EXPECT_EQ(ctl::log_level(Environment({"HUGEPAGE_LOG=off"})), hugepage::log::Level::off);
    EXPECT_EQ(ctl::log_level(Environment({"HUGEPAGE_LOG=loud"})), hugepage::log::Level::info);
}

std::vector<Verdict> verdicts(const std::vector<std::string>& entries) {
    std::vector<Verdict> result;
    for (const Finding& finding : ctl::check_environment(Environment(entries))) {
        result.push_back(finding.verdict);
    }
    return result;
}

TEST(EnvironmentChecks, RepeatWhatTheShimComplainsOf) {
    EXPECT_THAT(verdicts({}), ElementsAre(Verdict::ok));
    EXPECT_THAT(verdicts({"HUGEPAGE_FILES_PATH=/mnt", "HUGEPAGE_MODE=require"}), ElementsAre(Verdict::ok));
    EXPECT_THAT(verdicts({"HUGEPAGE_MODE=maybe"}), ElementsAre(Verdict::warn));
    EXPECT_THAT(verdicts({"HUGEPAGE_FILE_PATH=/mnt"}), ElementsAre(Verdict::warn));
    EXPECT_THAT(verdicts({"HUGEPAGE_FILES_PATH_PATTERN=/mnt"}), ElementsAre(Verdict::fail));
    EXPECT_THAT(verdicts({"HUGEPAGE_MODE=off"}), ElementsAre(Verdict::warn));
    EXPECT_THAT(ctl::check_environment(Environment({"HUGEPAGE_MODE=maybe"})).front().next,
                "unset HUGEPAGE_MODE");
}

TEST(EnvironmentChecks, SeeBothLibrariesAtOnce) {
    EXPECT_THAT(verdicts({"LD_PRELOAD=/a/libhugepage_shim.so:libhugepage_shim_heap.so"}),
                ElementsAre(Verdict::ok, Verdict::warn));
}

TEST(LoaderAnswer, TellsWhatIsLoadedIgnoredAndMissing) {
    const auto answer = ctl::parse_loader_answer(
        "ERROR: ld.so: object '/gone.so' from LD_PRELOAD cannot be preloaded (cannot open shared object "
        "file): "
        "ignored.\n"
        "\tlinux-vdso.so.1 (0x00007ffc)\n"
        "\t/usr/lib/libhugepage_shim.so (0x00007f00)\n"
        "\tlibOpenCL.so.1 => not found\n"
        "\tlibc.so.6 => /lib/libc.so.6 (0x00007f01)\n",
        kShim);
    EXPECT_TRUE(answer.loads_library);
    EXPECT_THAT(answer.ignored, ElementsAre(HasSubstr("/gone.so")));
    EXPECT_THAT(answer.missing, ElementsAre("libOpenCL.so.1"));
    const auto other =
        ctl::parse_loader_answer("\t/usr/lib/libhugepage_shim_heap.so (0x1)\n\tstatically linked\n", kShim);
    EXPECT_FALSE(other.loads_library);
    EXPECT_THAT(other.ignored, IsEmpty());
}

}  // namespace
