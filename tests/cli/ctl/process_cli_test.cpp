// hugepagectl status --pid: what it says of processes that are served, and of those that aren't.
#include "tests/cli/ctl/ctl.h"

#include <pwd.h>

#include <unistd.h>

namespace tests {
namespace {

using testing::HasSubstr;

class StatusOfProcess : public CtlTest {
  protected:
    [[nodiscard]] Outcome status_of(const ChildProcess& process,
                                    const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words = {"--pid", std::to_string(process.pid())};
        words.insert(words.end(), more.begin(), more.end());
        return ctl("status", words);
    }
};
INSTANTIATE_TEST_SUITE_P(, StatusOfProcess, testing::Values(kTmpfs, kHuge2M), name_of_kind);

TEST_P(StatusOfProcess, TellsOfABufferInAFile) {
    const auto file = pool_.add("a", kFileBytes);
    ChildProcess holder = preloaded_holder();
    ASSERT_TRUE(holder.wait_for("holding"));
    const Outcome outcome = status_of(holder);
    EXPECT_THAT(outcome.out, HasSubstr(" has " SHIM_LIBRARY " loaded"));
    EXPECT_THAT(outcome.out, HasSubstr("numa_0/a"));
    // A pool on tmpfs is for trying things out: its pages aren't huge.
    EXPECT_EQ(outcome.exit_status, GetParam().is_huge() ? 0 : 4) << outcome.out << outcome.err;
    EXPECT_EQ(outcome.out.find("> hugepagectl plan --sector") == std::string::npos, GetParam().is_huge());
    const auto report = nlohmann::json::parse(status_of(holder, {"--json"}).out)["processes"][0];
    EXPECT_EQ(report["command"], "probe");
    for (const auto& buffer : report["buffers"]) {
        if (buffer["backing"] == "pool_file") {
            EXPECT_EQ(buffer["path"], file.string());
            EXPECT_EQ(buffer["size_bytes"], kFileBytes);
            EXPECT_EQ(buffer["page_bytes"], GetParam().page_bytes);
            return;
        }
    }
    ADD_FAILURE() << report.dump(2);
}

TEST_P(StatusOfProcess, TellsOfABufferInOrdinaryMemory) {
    static_cast<void>(pool_.add("a", kFileBytes));
    // In ordinary pages, whatever the machine makes of transparent huge pages.
    ChildProcess holder = preloaded_holder({{"HUGEPAGE_NODE", "63"}, {"HUGEPAGE_FALLBACK", "plain"}});
    ASSERT_TRUE(holder.wait_for("holding"));
    const auto report = nlohmann::json::parse(status_of(holder, {"--json"}).out)["processes"][0];
    ASSERT_FALSE(report["buffers"].empty());
    const auto& buffer = report["buffers"][0];
    EXPECT_EQ(buffer["backing"], "anonymous");
    EXPECT_TRUE(buffer["has_file_size"]);
    const bool is_wrong = !buffer["fault"].is_null();
    EXPECT_EQ(is_wrong,
              buffer["transparent_bytes"].get<double>() < 0.95 * buffer["present_bytes"].get<double>());
    EXPECT_EQ(status_of(holder).exit_status, is_wrong ? 4 : 0);
}

TEST_P(StatusOfProcess, KnowsThePoolFromTheProcess) {
    static_cast<void>(pool_.add("a", kFileBytes));
    ChildProcess holder = preloaded_holder();
    ASSERT_TRUE(holder.wait_for("holding"));
    EXPECT_THAT(run({CTL, "status", "--pid", std::to_string(holder.pid())}).out, HasSubstr("numa_0/a"));
}

// As by --pid $(pidof lotus-worker), or by name.
TEST_P(StatusOfProcess, TellsOfSeveral) {
    static_cast<void>(pool_.add("a", kFileBytes));
    static_cast<void>(pool_.add("b", kFileBytes));
    ChildProcess first = preloaded_holder();
    ChildProcess second = preloaded_holder();
    ASSERT_TRUE(first.wait_for("holding"));
    ASSERT_TRUE(second.wait_for("holding"));
    const auto report = nlohmann::json::parse(status_of(first, {std::to_string(second.pid()), "--json"}).out);
    EXPECT_EQ(report["command"], "status");
    ASSERT_EQ(report["processes"].size(), 2);
    EXPECT_EQ(report["processes"][0]["pid"], first.pid());
    EXPECT_EQ(report["processes"][1]["pid"], second.pid());
    EXPECT_EQ(report["faults"], GetParam().is_huge() ? 0 : 2);
    const Outcome by_name = ctl("status", {"--pid", "probe"});  // others may run that test too
    for (const pid_t pid : {first.pid(), second.pid()}) {
        EXPECT_THAT(by_name.out, HasSubstr("Process " + std::to_string(pid) + " probe\n"));
    }
    // One that ends meanwhile; the other is told of all the same.
    const Outcome one_fails = status_of(first, {"4194303"});
    EXPECT_EQ(one_fails.exit_status, GetParam().is_huge() ? 1 : 4);
    EXPECT_THAT(one_fails.out, HasSubstr("Process " + std::to_string(first.pid()) + " probe\n"));
    EXPECT_THAT(one_fails.err, HasSubstr("process 4194303: there is no such process"));
}

TEST_P(StatusOfProcess, SaysThatItHasNoSuchBuffer) {
    static_cast<void>(pool_.add("a", kFileBytes));
    ChildProcess child({"/bin/cat"}, {});
    const Outcome outcome = status_of(child);
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("hasn't loaded the library"));
    EXPECT_THAT(outcome.out, HasSubstr("no buffer of 16 MiB"));
}

TEST(StatusOfProcessEnds, AsItsHelpSays) {
    // The largest there can be is in use by nobody on a machine with fewer.
    const Outcome missing = run({CTL, "status", "--pid", "4194303"});
    EXPECT_EQ(missing.exit_status, 1);
    EXPECT_EQ(missing.err, "hugepagectl: look at process 4194303: there is no such process.\n");
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root to be another user";
    }
    const TempDir folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::copy_file(CTL, folder.path() / "hugepagectl");
    const Outcome foreign =
        run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
             (folder.path() / "hugepagectl").string(), "status", "--pid", std::to_string(::getpid())});
    EXPECT_EQ(foreign.exit_status, 5) << foreign.err;
    EXPECT_EQ(std::ranges::count(foreign.err, '\n'), 1) << foreign.err;
}

}  // namespace
}  // namespace tests
