// hugepagectl doctor, on a good pool and on broken ones.
#include "tests/support/child_process.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace {

using testing::HasSubstr;
using tests::Environment;
using tests::Outcome;
using tests::Pool;

constexpr std::uint64_t kFileBytes = 8UL << 20;

class DoctorTest : public testing::TestWithParam<tests::PageKind> {
  protected:
    void SetUp() override {
        if (!pool_.missing().empty()) {
            GTEST_SKIP() << pool_.missing();
        }
    }

    [[nodiscard]] Outcome doctor(const std::vector<std::string>& words = {},
                                 const Environment& environment = {}) const {
        std::vector<std::string> command{CTL, "doctor", "--path", pool_.path().string(), "--json"};
        command.insert(command.end(), words.begin(), words.end());
        return tests::run(command, environment);
    }
    void fill() const {
        file_ = pool_.add("one", kFileBytes);
        static_cast<void>(pool_.add("two", kFileBytes));
    }

    Pool pool_{GetParam()};
    mutable std::filesystem::path file_;
};

// The verdict of the first finding of that name, or "none".
std::string verdict(const Outcome& outcome, const std::string& id) {
    const auto report = nlohmann::json::parse(outcome.out, nullptr, false);
    EXPECT_FALSE(report.is_discarded()) << outcome.out << outcome.err;
    for (const auto& finding : report.value("findings", nlohmann::json::array())) {
        if (finding["id"] == id) {
            return finding["verdict"];
        }
    }
    return "none";
}

TEST_P(DoctorTest, IsContentWithAGoodPoolAndProgram) {
    fill();
    const Outcome outcome = doctor({"--", PROBE, "--path", "map"});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.out << outcome.err;
    for (const char* id : {"pool", "nodes", "variables", "library", "program", "program-kind", "request"}) {
        EXPECT_EQ(verdict(outcome, id), "ok") << id;
    }
    EXPECT_FALSE(tests::is_leased(file_));
    const auto report = nlohmann::json::parse(outcome.out);
    EXPECT_EQ(report["schema_version"], 2);
    EXPECT_EQ(report["command"], "doctor");
    EXPECT_THAT(outcome.out, HasSubstr("was served by " + file_.parent_path().string()));
}

TEST_P(DoctorTest, SaysTheSameAsText) {
    fill();
    const Outcome outcome =
        tests::run({CTL, "doctor", "--path", pool_.path().string(), "--", PROBE}, {{"COLUMNS", "80"}});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.out << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("\nok    request "));
    EXPECT_THAT(outcome.out, HasSubstr(" 0 failures, "));
}

TEST_P(DoctorTest, LeavesTheFilesContentAsItWas) {
    fill();
    EXPECT_EQ(doctor().exit_status, 0);
    EXPECT_THAT(tests::run({"/usr/bin/od", "-An", "-tx1", "-N4", file_.string()}).out,
                HasSubstr("a5 a5 a5 a5"));
}

TEST_P(DoctorTest, FindsWhatIsWrongWithFiles) {
    fill();
    const auto odd = pool_.add("three", kFileBytes);
    EXPECT_EQ(verdict(doctor(), "pool"), "warn");
    std::filesystem::remove(odd);
    static_cast<void>(pool_.add_sparse("hole", kFileBytes));
    const Outcome sparse = doctor();
    EXPECT_EQ(verdict(sparse, "pool-files"), "warn");
    EXPECT_EQ(sparse.exit_status, 0);
    std::filesystem::permissions(pool_.path() / "numa_0", std::filesystem::perms(0777));
    const Outcome open = doctor();
    EXPECT_EQ(verdict(open, "pool-files"), "fail");
    EXPECT_THAT(open.out, HasSubstr("insecure"));
    EXPECT_EQ(open.exit_status, 4);
}

TEST_P(DoctorTest, FailsWithoutFiles) {
    const Outcome empty = doctor();
    EXPECT_EQ(empty.exit_status, 4);
    EXPECT_EQ(verdict(empty, "pool"), "fail");
    const Outcome gone = tests::run({CTL, "doctor", "--json", "--path", pool_.path().string() + "/no-such"});
    EXPECT_EQ(gone.exit_status, 4);
    EXPECT_EQ(verdict(gone, "pool"), "fail");
}

TEST_P(DoctorTest, SeesThatAllFilesAreLeasedAndTriesNone) {
    fill();
    tests::ChildProcess holder(
        {PROBE, "hold", std::to_string(kFileBytes), "2"},
        {{"LD_PRELOAD", SHIM_LIBRARY}, {"HUGEPAGE_FILES_PATH", pool_.path().string()}});
    ASSERT_TRUE(holder.wait_for("holding"));
    const Outcome outcome = doctor();
    EXPECT_EQ(outcome.exit_status, 0) << outcome.out;
    EXPECT_EQ(verdict(outcome, "pool"), "warn");
    EXPECT_THAT(outcome.out, HasSubstr("not tried: there is no free file"));
    const Outcome process = tests::run({CTL, "doctor", "--json", "--pid", std::to_string(holder.pid())});
    EXPECT_EQ(verdict(process, "loading"), "ok") << process.out << process.err;
    EXPECT_EQ(verdict(process, "pool"), "warn");
    EXPECT_THAT(process.out, HasSubstr("(HUGEPAGE_FILES_PATH)"));
}

TEST_P(DoctorTest, SeesWhatIsWrongWithTheVariables) {
    fill();
    EXPECT_EQ(verdict(doctor({}, {{"HUGEPAGE_MODE", "maybe"}}), "variables"), "warn");
    EXPECT_EQ(verdict(doctor({}, {{"LD_PRELOAD", SHIM_LIBRARY}}), "preload"), "warn") << "not for calloc";
    const Outcome exe = doctor({"--", PROBE}, {{"HUGEPAGE_EXE", "lotus*"}});
    EXPECT_EQ(verdict(exe, "program-name"), "fail");
    EXPECT_EQ(exe.exit_status, 4);
}

// A program to be started, and one that runs.
TEST_P(DoctorTest, FindsAProgramThatLocksNoFile) {
    fill();
    const tests::TempDir folder;
    const auto worker = folder.write("worker", tests::read_file("/bin/sleep") + "HUGEPAGE_FILES_PATH");
    std::filesystem::permissions(worker, std::filesystem::perms(0755));
    EXPECT_EQ(verdict(doctor({"--", worker}), "program-locks"), "fail");
    EXPECT_EQ(verdict(doctor({"--", PROBE}), "program-locks"), "none");
    tests::ChildProcess runs({worker, "60"}, {{"LD_PRELOAD", SHIM_LIBRARY}});
    const auto is_it = [&] {
        return std::filesystem::equivalent("/proc/" + std::to_string(runs.pid()) + "/exe", worker);
    };
    ASSERT_TRUE(tests::wait_until(is_it));
    EXPECT_EQ(verdict(doctor({"--pid", std::to_string(runs.pid())}), "program-locks"), "fail");
}

TEST_P(DoctorTest, TriesTheLibraryThatRunWouldChoose) {
    fill();
    EXPECT_THAT(doctor({"--", PROBE}).out, HasSubstr(HEAP_LIBRARY));
    const Outcome multicore = doctor({"--", PROBE}, {{"FIL_PROOFS_USE_MULTICORE_SDR", "1"}});
    EXPECT_EQ(multicore.exit_status, 0);
    EXPECT_THAT(multicore.out, HasSubstr(SHIM_LIBRARY));
    const Outcome other = doctor({"--library", "/bin/true", "--", PROBE});
    EXPECT_EQ(other.exit_status, 4) << other.out;
    EXPECT_EQ(verdict(other, "request"), "fail");
}

INSTANTIATE_TEST_SUITE_P(Kinds, DoctorTest, testing::Values(tests::kTmpfs, tests::kHuge2M),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST(Doctor, SaysThatThereIsNoPool) {
    const Outcome outcome = tests::run({CTL, "doctor", "--json"}, {{"HUGEPAGE_FILES_PATH", "/no/such/pool"}});
    EXPECT_EQ(outcome.exit_status, 4);
    EXPECT_EQ(verdict(outcome, "pool"), "fail");
    const Outcome pattern =
        tests::run({CTL, "doctor", "--json"}, {{"HUGEPAGE_FILES_PATH_PATTERN", "/no/placeholder"}});
    EXPECT_EQ(pattern.exit_status, 4);
    EXPECT_EQ(verdict(pattern, "variables"), "fail");
}

TEST(Doctor, NeedsNoPoolForTransparentHugePages) {
    const Outcome outcome = tests::run({CTL, "doctor", "--json"}, {{"HUGEPAGE_MODE", "thp"}});
    EXPECT_EQ(verdict(outcome, "pool"), "ok") << outcome.out;
    EXPECT_EQ(outcome.exit_status, 0) << outcome.out;
}

TEST(Doctor, SaysThatThereIsNoProgram) {
    const Outcome outcome = tests::run({CTL, "doctor", "--json", "--", "no-such-program"});
    EXPECT_EQ(outcome.exit_status, 4);
    EXPECT_EQ(verdict(outcome, "program"), "fail");
}

TEST(Doctor, SaysThatThereIsNoProcess) {
    const Outcome number = tests::run({CTL, "doctor", "--pid", "4194303"});
    EXPECT_EQ(number.exit_status, 1);
    EXPECT_EQ(number.err, "hugepagectl: look at process 4194303: there is no such process.\n");
    const Outcome name = tests::run({CTL, "doctor", "--pid", "no such name"});
    EXPECT_EQ(name.exit_status, 1);
    EXPECT_EQ(name.err, "hugepagectl: look for the process 'no such name': there is none.\n");
}

// The program's file names a library that audits, which the loader would execute, or another loader.
TEST(Doctor, ExecutesNothingThatTheProgramsFileNames) {
    std::vector<std::vector<std::string>> traps{{AUDITED}};
    if (!std::string(LOADER_TRAP).empty()) {
        traps.push_back({LOADER_TRAP, LOADED_BY_TRAP});
    }
    for (const std::vector<std::string>& command : traps) {
        static_cast<void>(tests::run(command));
        ASSERT_TRUE(std::filesystem::remove(TRACE)) << command.front() << " is no trap";
        EXPECT_EQ(verdict(tests::run({CTL, "doctor", "--json", "--", command.back()}), "program-kind"), "ok");
        EXPECT_FALSE(std::filesystem::exists(TRACE)) << command.front();
    }
}

TEST(Doctor, RefusesWhatMakesNoSense) {
    const std::vector<std::vector<std::string>> wrong = {
        {"extra"},
        {"--path", ""},
        {"--path", "/a", "--path-pattern", "/b$NUMA_NODE_INDEX"},
        {"--path-pattern", "/b"},
        {"--pid", "0"},
        {"--pid", "1", "--", "true"},
        {"--library", "/no/such.so"}};
    for (std::vector<std::string> words : wrong) {
        const std::string shown = testing::PrintToString(words);
        words.insert(words.begin(), {CTL, "doctor"});
        const Outcome outcome = tests::run(words);
        EXPECT_EQ(outcome.exit_status, 2) << shown << outcome.err;
        EXPECT_EQ(outcome.out, "") << shown;
        EXPECT_THAT(outcome.err, HasSubstr("hugepagectl doctor --help")) << shown;
    }
}

TEST(Doctor, ExplainsItself) {
    const Outcome outcome = tests::run({CTL, "doctor", "--help"});
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_THAT(outcome.out, HasSubstr("Example:"));
    EXPECT_THAT(tests::run({CTL, "--help"}).out, testing::Not(HasSubstr("try-request")));
}

}  // namespace
