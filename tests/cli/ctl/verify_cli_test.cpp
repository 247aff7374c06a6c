// hugepagectl verify: right and spoilt pools, and that what it says to type helps.
#include "tests/cli/ctl/ctl.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tests {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class Verify : public CtlTest {};
INSTANTIATE_TEST_SUITE_P(, Verify, testing::Values(kTmpfs, kHuge2M), name_of_kind);

class VerifyOnHugePages : public CtlTest {};
INSTANTIATE_TEST_SUITE_P(, VerifyOnHugePages, testing::Values(kHuge2M), name_of_kind);

class VerifyOnTmpfs : public CtlTest {};  // hugetlbfs has no links
INSTANTIATE_TEST_SUITE_P(, VerifyOnTmpfs, testing::Values(kTmpfs), name_of_kind);

TEST_P(Verify, LooksAtEveryPageOfEveryFile) {
    static_cast<void>(pool_.add("a", kFileBytes));
    static_cast<void>(pool_.add("b", kFileBytes));
    ChildProcess holder = preloaded_holder();
    ASSERT_TRUE(holder.wait_for("holding"));
    const Outcome outcome = ctl("verify");
    EXPECT_EQ(outcome.exit_status, 0) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("All is well: 0 failures, 0 warnings, 2 ok."));
    const auto report = json("verify");
    EXPECT_EQ(report["ok"], 2);
    EXPECT_EQ(file_in(report, "a")["pages_checked"], kFileBytes / GetParam().page_bytes);
    EXPECT_TRUE(holder.wait().ok());
}

TEST_P(Verify, NamesEachWrongFile) {
    static_cast<void>(pool_.add("right", kFileBytes));
    static_cast<void>(pool_.add_sparse("sparse", kFileBytes));
    const auto open = pool_.add("open", kFileBytes);
    ASSERT_EQ(::chmod(open.c_str(), 0604), 0);
    const Outcome outcome = ctl("verify");
    EXPECT_EQ(outcome.exit_status, 4);
    EXPECT_THAT(outcome.out, HasSubstr("numa_0/sparse: it has holes"));
    EXPECT_THAT(outcome.out, HasSubstr("chmod o= " + open.string()));
    EXPECT_THAT(outcome.out, HasSubstr("Something is wrong: 2 failures, 0 warnings, 1 ok."));
    const auto report = json("verify");
    EXPECT_EQ(file_in(report, "right")["verdict"], "ok");
    EXPECT_EQ(file_in(report, "sparse")["verdict"], "fail");
}

TEST_P(VerifyOnTmpfs, NamesALink) {
    static_cast<void>(pool_.add("a", kFileBytes));
    std::filesystem::create_symlink("/etc/passwd", pool_.path() / "numa_0" / "link");
    const Outcome outcome = ctl("verify");
    EXPECT_EQ(outcome.exit_status, 4);
    EXPECT_THAT(outcome.out, HasSubstr("numa_0/link: it is a symbolic link"));
    EXPECT_THAT(outcome.out, HasSubstr("> rm " + (pool_.path() / "numa_0" / "link").string() + "\n"));
}

TEST_P(Verify, FindsPagesOfAnotherNode) {
    // No machine has so many nodes that this one's pages could be right there.
    static_cast<void>(pool_.add("a", kFileBytes, 63));
    const Outcome outcome = ctl("verify");
    EXPECT_EQ(outcome.exit_status, 4) << outcome.err;
    EXPECT_THAT(outcome.out,
                ContainsRegex("misplaced  numa_63/a: [0-9]+ of [0-9]+ pages seen are not on node 63"));
    const Outcome sampled = ctl("status");
    EXPECT_EQ(sampled.exit_status, 0);
    EXPECT_THAT(sampled.out,
                ContainsRegex("misplaced  numa_63/a: [0-9]+ of [0-9]+ pages seen are not on node 63"));
    // Above and below, the machine's pages and processes are told, which other tests change.
    const auto of_pool = [](const std::string& text) {
        const std::size_t begin = text.find("\nPool ");
        return text.substr(begin, text.find("\n\n", text.find("> rm", begin)) - begin);
    };
    EXPECT_EQ(of_pool(ctl("status", {"--all-pages"}).out), of_pool(outcome.out));
}

TEST_P(VerifyOnHugePages, SaysWhatHelps) {
    const std::vector<std::string> make = {
        FILE_INIT, "--node", "0", "--num", "2", "--size", "16MiB", "--path", pool_.path().string()};
    ASSERT_EQ(run(make).exit_status, 0);
    ASSERT_EQ(ctl("verify").exit_status, 0);
    const auto file = pool_.path() / "numa_0" / "16.0_MiB_1";
    std::filesystem::remove(file);
    static_cast<void>(pool_.add_sparse("16.0_MiB_1", kFileBytes));
    static_cast<void>(pool_.add_sparse("by-hand", kFileBytes));
    const std::string tools = std::filesystem::path(CTL).parent_path().string();
    ASSERT_EQ(::mount("none", "/run", "tmpfs", 0, nullptr), 0);  // where setup writes what it has made
    for (const char* name : {"16.0_MiB_1", "by-hand"}) {
        const auto wrong = file_in(json("verify"), name);
        EXPECT_EQ(wrong["verdict"], "fail");
        const Outcome help =
            run({"/bin/sh", "-c", "sudo() { \"$@\"; }; " + wrong["finding"]["next"].get<std::string>()},
                {{"PATH", tools + ":/usr/bin:/bin"}});
        EXPECT_EQ(help.exit_status, 0) << help.err;
    }
    EXPECT_EQ(::umount("/run"), 0);
    EXPECT_TRUE(std::filesystem::exists(pool_.path() / "numa_0" / "16.0_MiB_2"));
    EXPECT_EQ(ctl("verify").exit_status, 0);
}

TEST_P(Verify, LooksAtNamedNodesAlone) {
    static_cast<void>(pool_.add("a", kFileBytes, 0));
    static_cast<void>(pool_.add("a", kFileBytes, 63));
    EXPECT_EQ(ctl("verify").exit_status, 4);
    EXPECT_EQ(ctl("verify", {"--node", "0"}).exit_status, 0);
    EXPECT_EQ(ctl("verify", {"--node", "all"}).exit_status, 4);
    EXPECT_EQ(ctl("verify", {"--node", "63"}).exit_status, 4);
    EXPECT_EQ(ctl("status", {"--node", "63"}).out.find("numa_0"), std::string::npos);
}

TEST_P(Verify, SaysWhatItMayNotSee) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root to be another user";
    }
    static_cast<void>(pool_.add("a", kFileBytes));
    std::filesystem::permissions(pool_.path(), std::filesystem::perms(0755));
    const TempDir folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::copy_file(CTL, folder.path() / "hugepagectl");
    std::vector<std::string> words = {"setpriv",
                                      "--reuid=65534",
                                      "--regid=65534",
                                      "--clear-groups",
                                      (folder.path() / "hugepagectl").string(),
                                      "verify",
                                      "--path",
                                      pool_.path().string()};
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.exit_status, 3) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("numa_0/a: open: Permission denied"));
    words[5] = "status";
    EXPECT_EQ(run(words).exit_status, 0);
}

TEST(VerifyEnds, AsItsHelpSays) {
    const TempDir folder;
    const std::string empty = folder.path().string();
    EXPECT_EQ(run({CTL, "verify", "--path", "/nonexistent"}).exit_status, 1);
    EXPECT_EQ(run({CTL, "verify", "--path", empty}).exit_status, 1);
    std::filesystem::create_directory(folder.path() / "numa_0");
    EXPECT_EQ(run({CTL, "verify", "--path", empty}).exit_status, 1);  // no files
    for (const char* node : {"x", "0:2", "4000", "-1", ""}) {
        const Outcome outcome = run({CTL, "verify", "--path", empty, "--node", node});
        EXPECT_EQ(outcome.exit_status, 2) << node;
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    }
    EXPECT_THAT(run({CTL, "verify", "--help"}).out, HasSubstr("Example"));
}

}  // namespace
}  // namespace tests
