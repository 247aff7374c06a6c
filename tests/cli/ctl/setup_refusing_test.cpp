// setup and remove where they can't do what was asked: nothing is changed.
#include "tests/cli/ctl/machine.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace tests {
namespace {

using testing::HasSubstr;

class RefusingTest : public CtlTest {
  protected:
    void expect_usage(const std::vector<std::string>& arguments, const std::string& word) {
        const auto refused = hugepagectl(arguments);
        EXPECT_EQ(refused.exit_status, 2) << refused.err;
        EXPECT_THAT(refused.err, HasSubstr(word));
        EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
        expect_nothing_left();
    }
    // With one option of a right command line replaced, or added.
    void expect_usage_of(const std::string& option, const std::string& value) {
        std::vector<std::string> right = {"setup",  "--size", "8MiB",        "--node", "0",
                                          "--path", place(),  "--page-size", "2MiB"};
        const auto at = std::find(right.begin(), right.end(), option);
        if (at != right.end()) {
            *(at + 1) = value;
        } else {
            right.insert(right.end(), {option, value});
        }
        expect_usage(right, option);
    }
};

TEST_F(RefusingTest, WrongValuesOfSetup) {
    const std::pair<const char*, const char*> wrong[] = {
        {"--size", "8MB"},      {"--size", "0"},          {"--size", "3MiB"},      {"--size", "8 sheep"},
        {"--size", "-8MiB"},    {"--num", "0"},           {"--num", "x"},          {"--num", "1.5"},
        {"--num", "4097"},      {"--node", "1023"},       {"--node", "0:0"},       {"--node", "0,0:2"},
        {"--node", "x"},        {"--page-size", "3MiB"},  {"--page-size", "huge"}, {"--user", "no such user"},
        {"--group", "no such"}, {"--mode", "0888"},       {"--mode", "0604"},      {"--threads", "0"},
        {"--threads", "many"},  {"--timeout", "0"},       {"--timeout", "soon"},   {"--path", "/"},
        {"--path", "/etc"},     {"--path-pattern", "/x"}, {"--config", "/nowhere"}};
    for (const auto& [option, value] : wrong) {
        SCOPED_TRACE(std::string(option) + " " + value);
        expect_usage_of(option, value);
    }
    expect_usage({"setup", "--path", place()}, "--size");
    expect_usage({"setup", "--size", "8MiB"}, "--path");
    expect_usage({"setup", "--sise", "8MiB"}, "--sise");
    const auto config = folder_.write("config", "sise = 4MiB\n");
    expect_usage_of("--config", config);
}

TEST_F(RefusingTest, WrongValuesOfRemove) {
    expect_usage({"remove", "--node", "0:2"}, "--node");
    expect_usage({"remove", "--size", "big"}, "--size");
    expect_usage({"remove", "--path-pattern", "/x"}, "--path-pattern");
    expect_usage({"remove", "--all", "--node", "0"}, "--all");
    expect_usage({"remove", "--num", "0"}, "--num");
    expect_usage({"remove", "--num", "1", "/a"}, "FILE");
    expect_usage({"remove", "/a", ""}, "FILE");
}

TEST_F(RefusingTest, AnotherPageSizeThanTheOneMounted) {
    if (!std::filesystem::exists("/sys/kernel/mm/hugepages/hugepages-1048576kB")) {
        GTEST_SKIP() << "needs a CPU with pages of 1 GiB";
    }
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "1"})).exit_status, 0);
    const auto refused = hugepagectl({"setup", "--size", "1GiB", "--page-size", "1GiB", "--path", place()});
    EXPECT_EQ(refused.exit_status, 2);
    EXPECT_THAT(refused.err, HasSubstr("is on hugetlbfs with pages of 2 MiB, not 1 GiB"));
}

TEST_F(RefusingTest, WhatIsNoFileBeforeAnyPageIsReserved) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "1"})).exit_status, 0);
    std::filesystem::remove(file(0));
    std::filesystem::create_directory(file(0));
    const auto record = read_file(std::string(kRun) + "/record.json");
    const auto refused = hugepagectl(setup({"--size", "8MiB", "--num", "2"}));
    EXPECT_EQ(refused.exit_status, 1);
    EXPECT_THAT(refused.err, HasSubstr("can't be kept"));
    EXPECT_EQ(read_file(std::string(kRun) + "/record.json"), record);
    std::filesystem::remove(file(0));
}

// More than the machine could ever hold: no page is taken in trying.
TEST_F(RefusingTest, MoreThanTheMachineHas) {
    const auto before = hugepagectl(setup({"--size", "512TiB", "--num", "1", "--timeout", "1", "--json"}));
    EXPECT_EQ(before.exit_status, 3) << before.err;
    const auto report = json_of(before);
    EXPECT_FALSE(report["complete"]);
    EXPECT_FALSE(report["changed"]);
    EXPECT_EQ(report["nodes"][0]["pages_reserved"], 0);
    EXPECT_EQ(report["findings"].size(), 1) << "with that on the kernel's command line it would not boot";
    EXPECT_EQ(report["findings"][0]["id"], "memory");
    expect_nothing_left();
    const auto text = hugepagectl(setup({"--size", "512TiB", "--num", "1", "--timeout", "1"}));
    EXPECT_THAT(text.out, HasSubstr("node 0 is short"));
}

TEST_F(RefusingTest, WithoutRights) {
    const auto program = folder_.path() / "hugepagectl";
    std::filesystem::copy_file(HUGEPAGECTL, program);
    const auto as_nobody = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(),
                         {"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program});
        return run(arguments);
    };
    for (const auto& arguments : {setup({"--size", "8MiB"}), std::vector<std::string>{"remove"}}) {
        const auto refused = as_nobody(arguments);
        EXPECT_EQ(refused.exit_status, 5) << refused.err;
        EXPECT_EQ(std::count(refused.err.begin(), refused.err.end(), '\n'), 1) << refused.err;
        expect_nothing_left();
    }
    EXPECT_EQ(as_nobody(setup({"--size", "8MiB", "--dry-run"})).exit_status, 0);
}

TEST_F(RefusingTest, WhileAnotherIsAtWork) {
    std::filesystem::create_directory(kRun);
    const int other = ::open((std::string(kRun) + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_EQ(::flock(other, LOCK_EX), 0);
    const auto refused = hugepagectl(setup({"--size", "8MiB", "--timeout", "1"}));
    EXPECT_EQ(refused.exit_status, 6);
    EXPECT_THAT(refused.err, HasSubstr("(pid " + std::to_string(::getpid()) + ") is at work; nothing was"));
    // One that waits goes on when the other has ended.
    std::vector<std::string> words = command(setup({"--size", "8MiB", "--num", "1"}));
    words.insert(words.begin(), {"/bin/sh", "-c", "exec \"$@\" 2>&1", "sh"});
    ChildProcess waiting(words, {});
    ASSERT_TRUE(waiting.wait_for("which is at work"));
    ::close(other);
    EXPECT_EQ(waiting.wait().exit_status, 0);
}

// Who owns a folder on the way could put a link in the place of what root makes, and have it mount anywhere.
TEST_F(RefusingTest, AFolderThatAnotherUserCanChange) {
    const auto theirs = folder_.path() / "theirs";
    std::filesystem::create_directory(theirs);
    ASSERT_EQ(::chown(theirs.c_str(), 12345, 12345), 0);
    const std::vector<std::string> arguments = {"setup",        "--size", "8MiB",        "--num", "1",
                                                "--node",       "0",      "--page-size", "2MiB",  "--path",
                                                theirs / "huge"};
    const auto refused = hugepagectl(arguments);
    EXPECT_EQ(refused.exit_status, 1) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr("belongs to user 12345"));
    EXPECT_TRUE(std::filesystem::is_empty(theirs));
    expect_nothing_left();
    std::filesystem::create_symlink("/nowhere", theirs / "huge");
    EXPECT_EQ(hugepagectl(arguments).exit_status, 1);
    std::filesystem::remove(theirs / "huge");

    auto for_them = arguments;
    for_them.insert(for_them.end(), {"--user", "12345"});
    EXPECT_EQ(hugepagectl(for_them).exit_status, 0);
    EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
    EXPECT_TRUE(std::filesystem::is_empty(theirs));
}

TEST_F(RefusingTest, FilesLargerThanTheProcessMayMake) {
    const auto whole = command(setup({"--size", "8MiB", "--num", "1"}));
    std::vector<std::string> words = {"/bin/bash", "-c", "ulimit -f 1024; exec \"$@\"", "bash"};
    words.insert(words.end(), whole.begin(), whole.end());
    const auto refused = run(words);
    EXPECT_EQ(refused.exit_status, 1);
    EXPECT_THAT(refused.err, HasSubstr("ulimit -f unlimited"));
    expect_nothing_left();
}

TEST_F(RefusingTest, ToRemoveWhatIsNotThere) {
    ASSERT_EQ(hugepagectl(setup({"--size", "8MiB", "--num", "1"})).exit_status, 0);
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"remove", "--path", folder_.path() / "elsewhere"},
          {"remove", "--size", "4MiB"},
          {"remove", "--node", "1023"},
          {"remove", file(7)},
          {"remove", "/etc/passwd"}}) {
        const auto refused = hugepagectl(arguments);
        EXPECT_EQ(refused.exit_status, 1) << refused.out;
        EXPECT_TRUE(std::filesystem::exists(file(0)));
    }
}

TEST_F(RefusingTest, ARecordThatCannotBeRead) {
    std::filesystem::create_directory(kRun);
    std::ofstream(std::string(kRun) + "/record.json") << "{";
    for (const auto& arguments : {setup({"--size", "8MiB"}), std::vector<std::string>{"remove"}}) {
        const auto refused = hugepagectl(arguments);
        EXPECT_EQ(refused.exit_status, 1);
        EXPECT_THAT(refused.err, HasSubstr("sudo mv /run/hugepage-shim/record.json"));
        EXPECT_FALSE(std::filesystem::exists(place()));
    }
}

}  // namespace
}  // namespace tests
