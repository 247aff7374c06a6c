// hugepagectl status: what it shows, that it disturbs nobody, how it ends.
#include "tests/cli/ctl/ctl.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

namespace tests {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class Status : public CtlTest {};
INSTANTIATE_TEST_SUITE_P(, Status, testing::Values(kTmpfs, kHuge2M), name_of_kind);

class StatusOnHugePages : public CtlTest {};
INSTANTIATE_TEST_SUITE_P(, StatusOnHugePages, testing::Values(kHuge2M), name_of_kind);

TEST_P(Status, ShowsWhoHasWhichFile) {
    static_cast<void>(pool_.add("a", kFileBytes));
    static_cast<void>(pool_.add("b", kFileBytes));
    ChildProcess holder = preloaded_holder();
    ASSERT_TRUE(holder.wait_for("holding"));
    const auto report = json("status");
    std::size_t leased = 0;
    for (const auto& file : report["pools"][0]["files"]) {
        if (file["state"] == "leased") {
            ++leased;
            ASSERT_EQ(file["holders"].size(), 1);
            EXPECT_EQ(file["holders"][0]["pid"], holder.pid());
            EXPECT_EQ(file["holders"][0]["command"], "probe");
        } else {
            EXPECT_EQ(file["state"], report["sees_all_processes"] == true ? "free" : "unknown");
        }
        EXPECT_EQ(file["pages_elsewhere"], 0);
    }
    EXPECT_EQ(leased, 1);
    EXPECT_THAT(ctl("status").out, HasSubstr(" " + std::to_string(holder.pid()) + "  probe "));
    EXPECT_TRUE(holder.wait().ok());
    EXPECT_THAT(ctl("status").out, Not(HasSubstr("probe")));
}

TEST_P(Status, SaysWhyTheShimWouldRefuseAFile) {
    static_cast<void>(pool_.add("right", kFileBytes));
    static_cast<void>(pool_.add_sparse("sparse", kFileBytes));
    const auto open = pool_.add("open", kFileBytes);
    ASSERT_EQ(::chmod(open.c_str(), 0604), 0);
    const Outcome outcome = ctl("status");
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr("  numa_0/sparse: it has holes"));
    EXPECT_THAT(outcome.out, HasSubstr("  numa_0/open: others may open it (mode 0604)"));
    EXPECT_THAT(outcome.out, HasSubstr("chmod o= " + open.string()));
    EXPECT_THAT(outcome.out, Not(HasSubstr("numa_0/right:")));
    struct stat facts {};
    ASSERT_EQ(::stat((pool_.path() / "numa_0" / "sparse").c_str(), &facts), 0);
    EXPECT_EQ(facts.st_blocks, 0);  // a look has filled no hole
}

// From within a container the lease of a sealer outside is in no table.
TEST_P(Status, CallsNothingFreeInAnotherPidNamespace) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root to make a pid namespace";
    }
    static_cast<void>(pool_.add("a", kFileBytes));
    ChildProcess holder = preloaded_holder();
    ASSERT_TRUE(holder.wait_for("holding"));
    std::vector<std::string> words = {"unshare", "--pid",  "--fork", "--mount-proc",
                                      CTL,       "status", "--path", pool_.path().string()};
    EXPECT_THAT(run(words).out, HasSubstr("outside this container (pid namespace) can't be seen"));
    words.emplace_back("--json");
    const auto report = nlohmann::json::parse(run(words).out, nullptr, false);
    EXPECT_EQ(file_in(report, "a")["state"], "unknown");
    EXPECT_EQ(report["pools"][0]["groups"][0]["free"], 0);
}

TEST_P(Status, ShowsProcessesWithTheShim) {
    static_cast<void>(pool_.add("a", kFileBytes));
    ChildProcess holder = preloaded_holder();
    ASSERT_TRUE(holder.wait_for("holding"));
    Environment environment = preloaded({{"HUGEPAGE_FILES_PATH", pool_.path().string()}});
    ChildProcess calloc({"python3", "-c",
                         "import ctypes, sys; c = ctypes.CDLL(None).calloc; c.restype = ctypes.c_void_p\n"
                         "c(ctypes.c_size_t(int(sys.argv[1])), ctypes.c_size_t(1))\n"
                         "print('holding', flush=True); sys.stdin.read()",
                         std::to_string(kFileBytes)},
                        environment);
    ASSERT_TRUE(calloc.wait_for("holding"));
    const auto report = json("status");
    const auto process = [&](pid_t pid) {
        for (const auto& one : report["processes"]) {
            if (one["pid"] == pid) {
                return one;
            }
        }
        return nlohmann::json();
    };
    EXPECT_EQ(process(holder.pid())["faults"], 0);
    EXPECT_THAT(process(holder.pid())["buffers"].dump(), HasSubstr("pool_file"));
    EXPECT_EQ(process(holder.pid())["shim"], SHIM_LIBRARY);
    ASSERT_FALSE(process(calloc.pid()).is_null());
    EXPECT_EQ(process(calloc.pid())["faults"], 1);
    EXPECT_THAT(process(calloc.pid())["findings"].dump(), HasSubstr("asked for by calloc"));
}

TEST_P(Status, DisturbsNoLease) {
    std::vector<std::string> leaser = {LEASER, std::to_string(kFileBytes)};
    for (const char* name : {"a", "b", "c"}) {
        leaser.push_back(pool_.add(name, kFileBytes).string());
    }
    ChildProcess child(leaser, {});
    ASSERT_TRUE(child.wait_for("leasing"));
    for (int i = 0; i < 25; ++i) {
        const Outcome status = ctl("status");
        EXPECT_EQ(status.exit_status, 0) << status.err;
        const Outcome verify = ctl("verify");
        EXPECT_EQ(verify.exit_status, 0) << verify.out << verify.err;
    }
    const Outcome outcome = child.wait();
    EXPECT_EQ(outcome.exit_status, 0) << outcome.out;
    EXPECT_THAT(outcome.out, ContainsRegex("leases: [1-9]"));
}

TEST_P(StatusOnHugePages, CountsPagesInFiles) {
    static_cast<void>(pool_.add("a", kFileBytes));
    const auto report = json("status");
    // Others may have pages too, of this size or another.
    bool any = false;
    for (const auto& pages : report["pages"]) {
        if (pages["node"] == 0 && pages["page_bytes"] == GetParam().page_bytes) {
            any = true;
            EXPECT_EQ(pages["files_bytes"], kFileBytes);
            EXPECT_EQ(pages["total_bytes"].get<std::uint64_t>(),
                      pages["files_bytes"].get<std::uint64_t>() + pages["other_bytes"].get<std::uint64_t>() +
                          pages["free_bytes"].get<std::uint64_t>());
        }
    }
    EXPECT_TRUE(any);
    EXPECT_THAT(ctl("status").out, HasSubstr("in no process's RSS"));
}

TEST_P(StatusOnHugePages, FindsAPoolOnAMount) {
    static_cast<void>(pool_.add("a", kFileBytes));
    const Outcome outcome = run({CTL, "status"});
    EXPECT_THAT(outcome.out, HasSubstr("Pool " + pool_.path().string() + " (found on a mount)"));
}

TEST_P(Status, ReplacesMetricsAsAWhole) {
    static_cast<void>(pool_.add("a", kFileBytes));
    const TempDir folder;
    const auto file = folder.path() / "x.prom";
    ASSERT_EQ(ctl("status", {"--prometheus", file.string()}).exit_status, 0);
    const auto metrics = [](const std::string& text) {
        return text.starts_with("# HELP hugepage_shim_info ") && text.ends_with("\n") &&
               text.find("\nhugepage_shim_misplaced_pages{pool=") != std::string::npos;
    };
    EXPECT_TRUE(metrics(ctl("status", {"--prometheus", "-"}).out));
    // Written over and over, until it has been read before and after several changes.
    const TempDir other;
    const auto stop = other.path() / "stop";
    ChildProcess writer(
        {"/bin/sh", "-c", "until [ -e \"$0\" ]; do \"$@\" || exit 1; done; echo done", stop.string(), CTL,
         "status", "--path", pool_.path().string(), "--prometheus", file.string()},
        {});
    constexpr int kEnough = 5;
    int changes = 0;
    struct stat before {};
    ASSERT_EQ(::stat(file.c_str(), &before), 0);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (changes < kEnough && std::chrono::steady_clock::now() < deadline) {
        ASSERT_TRUE(metrics(read_file(file)));
        struct stat now {};
        ASSERT_EQ(::stat(file.c_str(), &now), 0);
        changes += now.st_ino != before.st_ino ? 1 : 0;
        before = now;
    }
    EXPECT_EQ(changes, kEnough);
    std::ofstream(stop).close();
    EXPECT_EQ(writer.wait().out, "done\n");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST_P(Status, WatchesUntilItIsEnded) {
    static_cast<void>(pool_.add("a", kFileBytes));
    ChildProcess watch(command("status", {"--watch", "1", "--json"}), {});
    ASSERT_TRUE(watch.wait_for("}\n{"));  // a second report
    watch.kill(SIGINT);
    const Outcome outcome = watch.wait();
    EXPECT_EQ(outcome.exit_status, 130);
    EXPECT_FALSE(
        nlohmann::json::parse(outcome.out.substr(0, outcome.out.find('\n')), nullptr, false).is_discarded())
        << "a report a line";
}

TEST_P(Status, WatchesIntoAPipeWithoutDrawing) {
    static_cast<void>(pool_.add("a", kFileBytes));
    ChildProcess watch(command("status", {"--watch"}), {{"TERM", "xterm"}});
    ASSERT_TRUE(watch.wait_for("FILES OF"));
    watch.kill(SIGTERM);
    const Outcome outcome = watch.wait();
    EXPECT_EQ(outcome.exit_status, 143);
    EXPECT_EQ(outcome.out.find('\033'), std::string::npos);
}

TEST_P(Status, WatchesInOnePlaceOfATerminal) {
    static_cast<void>(pool_.add("a", kFileBytes));
    // script(1) is the terminal.
    const std::string watch = "echo pid=$$.; exec " CTL " status --watch 1 --path " + pool_.path().string();
    ChildProcess terminal({"script", "-qec", watch, "/dev/null"}, {{"TERM", "xterm"}, {"SHELL", "/bin/sh"}});
    ASSERT_TRUE(terminal.wait_for("FILES OF"));
    const std::size_t pid = terminal.out().find("pid=");
    ASSERT_NE(pid, std::string::npos);
    ::kill(std::stoi(terminal.out().substr(pid + 4)), SIGINT);
    const Outcome outcome = terminal.wait();
    EXPECT_EQ(outcome.exit_status, 130);
    EXPECT_THAT(outcome.out, HasSubstr("\033[H\033[J"));
    EXPECT_THAT(outcome.out, Not(HasSubstr("\033[?")));  // no mode that would have to be put right again
}

// /dev/stdout is a link, which must stay one.
TEST_P(Status, WritesMetricsToStdout) {
    static_cast<void>(pool_.add("a", kFileBytes));
    for (const char* place : {"-", "/dev/stdout", "/proc/self/fd/1"}) {
        const Outcome outcome = ctl("status", {"--prometheus", place});
        EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
        EXPECT_TRUE(outcome.out.starts_with("# HELP hugepage_shim_info ")) << place;
    }
    EXPECT_EQ(ctl("status", {"--prometheus", "/dev/null"}).exit_status, 0);
    EXPECT_TRUE(std::filesystem::is_symlink("/dev/stdout"));
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

// Who may make a file in the pool may name it as he likes.
TEST_P(Status, ShowsNoEscapesOfNames) {
    const std::string name = "x\033]0;title\007y\xc2\x9b";
    static_cast<void>(pool_.add(name, kFileBytes));
    static_cast<void>(pool_.add_sparse(name + "z", kFileBytes));
    std::vector<std::string> commands = {"status", "verify", "doctor"};
    if (GetParam().is_huge()) {
        commands.emplace_back("remove");  // and what a shell is to be given
    }
    for (const std::string& command : commands) {
        for (std::vector<std::string> more : {std::vector<std::string>{}, {"--json"}}) {
            if (command == "remove") {
                more.emplace_back("--dry-run");
            }
            const Outcome outcome = ctl(command, more);
            const std::string all = outcome.out + outcome.err;
            EXPECT_THAT(all, HasSubstr("title")) << command;
            EXPECT_EQ(all.find('\033'), std::string::npos) << command;
            EXPECT_EQ(all.find('\007'), std::string::npos) << command;
            EXPECT_EQ(all.find('\x9b'), std::string::npos) << command;
        }
    }
    const Outcome missing = run({CTL, "status", "--path", "/nonexistent/" + name});
    EXPECT_THAT(missing.err, HasSubstr("x\\x1b]0;title\\x07y\\xc2\\x9b"));
}

// A size is in bytes, and its key says so; a finding has the same keys in every report.
void expect_usual_keys(const nlohmann::json& value, const std::string& key = {}) {
    for (const char* end : {"size", "memory", "kib", "kb", "mib"}) {
        EXPECT_FALSE(value.is_number() && key.ends_with(end)) << key;
    }
    EXPECT_TRUE(!key.ends_with("_bytes") || value.is_number_unsigned() || value.is_null()) << key << value;
    if (value.is_object() && value.contains("verdict") && !value.contains("path")) {
        for (const char* name : {"id", "verdict", "what", "why", "next"}) {
            EXPECT_TRUE(value.contains(name) && value.size() == 5) << value;
        }
    }
    if (value.is_structured()) {  // others are a list of themselves
        for (const auto& [name, inner] : value.items()) {
            expect_usual_keys(inner, name);
        }
    }
}

TEST_P(Status, SpeaksOneLanguageWithAllCommands) {
    static_cast<void>(pool_.add("a", kFileBytes));
    static_cast<void>(pool_.add_sparse("sparse", kFileBytes));
    const TempDir folder;
    const std::string pool = pool_.path().string();
    std::vector<std::vector<std::string>> commands = {
        {"status", "--path", pool},
        {"status", "--pid", std::to_string(::getpid()), "--path", pool},
        {"doctor", "--path", pool},
        {"plan", "--sector", "2MiB"},
        {"setup", "--size", "512TiB", "--page-size", "2MiB", "--path", (folder.path() / "x").string(),
         "--dry-run"}};
    if (::geteuid() == 0) {
        commands.push_back({"remove", "--dry-run"});
    }
    for (std::vector<std::string>& words : commands) {
        words.insert(words.begin(), CTL);
        words.emplace_back("--json");
        const Outcome outcome = run(words);
        const auto report = nlohmann::json::parse(outcome.out, nullptr, false);  // nothing else beside it
        ASSERT_TRUE(report.is_object()) << words[1] << outcome.out << outcome.err;
        EXPECT_EQ(report["schema_version"], 2) << words[1];
        EXPECT_EQ(report["command"], words[1]);
        SCOPED_TRACE(words[1]);
        expect_usual_keys(report);
    }
}

TEST(StatusEnds, AsItsHelpSays) {
    const TempDir folder;
    EXPECT_EQ(run({CTL, "status", "--path", "/nonexistent"}).exit_status, 1);
    EXPECT_EQ(run({CTL, "status", "--path", folder.path().string()}).exit_status, 1);  // no numa_<N>
    EXPECT_EQ(run({CTL, "status"}, {{"HUGEPAGE_FILES_PATH", "/nonexistent"}}).exit_status, 1);
    const std::vector<std::vector<std::string>> wrong = {
        {"--path", ""},
        {"--path-pattern", "/no/placeholder"},
        {"--path", "/a", "--path-pattern", "/$NUMA_NODE_INDEX"},
        {"--watch", "0"},
        {"--watch", "soon"},
        {"--pid", "0"},
        {"--pid"},
        {"--pid", "1", "--all-pages"},
        {"--pid", "1", "--watch"},
        {"--prometheus", "-", "--json"},
        {"--unknown"},
        {"more"}};
    for (const auto& arguments : wrong) {
        std::vector<std::string> words = {CTL, "status"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        const Outcome outcome = run(words);
        EXPECT_EQ(outcome.exit_status, 2) << testing::PrintToString(arguments);
        EXPECT_EQ(outcome.out, "");
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    }
    const Outcome help = run({CTL, "status", "--help"});
    EXPECT_EQ(help.exit_status, 0);
    EXPECT_THAT(help.out, HasSubstr("Example"));
}

}  // namespace
}  // namespace tests
