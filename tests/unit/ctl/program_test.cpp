// Which program a command runs, and what is said of it.
#include "tests/support/temp_dir.h"
#include "tools/pool/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace {

using ctl::Finding;
using ctl::Findings;
using ctl::judge_locking;
using ctl::judge_program;
using ctl::look_at_program;
using ctl::Program;
using ctl::Verdict;
using testing::HasSubstr;

std::string executable(const tests::TempDir& folder, const std::string& name, const std::string& content) {
    const auto path = folder.write(name, content);
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    return path.string();
}

std::string copy_of_self(const tests::TempDir& folder, const std::string& name) {
    return executable(folder, name, tests::read_file("/proc/self/exe"));
}

Finding finding(const Findings& findings, const std::string& id) {
    for (const Finding& one : findings) {
        if (one.id == id) {
            return one;
        }
    }
    ADD_FAILURE() << "no finding " << id;
    return {};
}

TEST(Program, IsLookedForAsTheShellDoes) {
    const tests::TempDir folder;
    const std::string path = copy_of_self(folder, "b/sealer");
    const std::string search = folder.path().string() + "/a:" + folder.path().string() + "/b";
    const Program program = look_at_program("sealer", search);
    EXPECT_EQ(program.path, path);
    EXPECT_EQ(program.error, 0);
    ASSERT_TRUE(program.elf);
    EXPECT_EQ(finding(judge_program(program, ""), "program-kind").verdict, Verdict::ok);
}

TEST(Program, ThatIsNowhereIsAFailure) {
    const tests::TempDir folder;
    const Finding by_name =
        finding(judge_program(look_at_program("no-such", folder.path().string()), ""), "program");
    EXPECT_EQ(by_name.verdict, Verdict::fail);
    EXPECT_THAT(by_name.what, HasSubstr("no-such: No such file"));
    const Program by_path = look_at_program((folder.path() / "no-such").string(), "");
    EXPECT_EQ(by_path.error, ENOENT);
    EXPECT_EQ(finding(judge_program(by_path, ""), "program").verdict, Verdict::fail);
}

TEST(Program, ThatMayNotBeExecutedIsAFailure) {
    const tests::TempDir folder;
    const auto path = folder.write("plain", "text");
    const Program program = look_at_program(path.string(), "");
    EXPECT_EQ(program.error, EACCES);
    EXPECT_EQ(look_at_program("plain", folder.path().string()).error, EACCES);
}

TEST(Program, OfAScriptIsItsInterpreter) {
    const tests::TempDir folder;
    const std::string self = copy_of_self(folder, "interpreter");
    const std::string script = executable(folder, "script", "#! " + self + " -x\nrest\n");
    const Program program = look_at_program(script, "");
    EXPECT_EQ(program.path, script);
    EXPECT_EQ(program.executable, self);
    const Findings findings = judge_program(program, "interp*");
    EXPECT_THAT(finding(findings, "program").what, HasSubstr("is a script: " + self));
    EXPECT_EQ(finding(findings, "program-name").verdict, Verdict::ok);
    EXPECT_EQ(finding(judge_program(program, "script"), "program-name").verdict, Verdict::fail);
}

TEST(Program, OfAScriptThroughEnvIsWhatEnvStarts) {
    const tests::TempDir folder;
    const std::string self = copy_of_self(folder, "bin/python9");
    const std::string script = executable(folder, "script", "#!/usr/bin/env -S A=b python9 -u\n");
    EXPECT_EQ(look_at_program(script, folder.path().string() + "/bin").executable, self);
    const Program without = look_at_program(script, "");
    EXPECT_EQ(without.error, ENOENT);
    EXPECT_EQ(finding(judge_program(without, ""), "program").verdict, Verdict::fail);
}

TEST(Program, OfScriptsInARingIsNone) {
    const tests::TempDir folder;
    const std::string script = (folder.path() / "ring").string();
    executable(folder, "ring", "#!" + script + "\n");
    EXPECT_EQ(look_at_program(script, "").error, ELOOP);
}

TEST(Program, ThatIsGarbageIsAFailure) {
    const tests::TempDir folder;
    const std::string path = executable(folder, "garbage", std::string("\177ELF") + std::string(100, '\3'));
    EXPECT_EQ(finding(judge_program(look_at_program(path, ""), ""), "program-kind").verdict, Verdict::fail);
}

TEST(Program, WithPrivilegesOfItsOwnFails) {
    const tests::TempDir folder;
    const std::string path = copy_of_self(folder, "privileged");
    EXPECT_EQ(look_at_program(path, "").privileges, "");
    ASSERT_EQ(::chmod(path.c_str(), 06755), 0);
    const Program program = look_at_program(path, "");
    EXPECT_EQ(program.privileges, "setuid, setgid");
    const Finding fault = finding(judge_program(program, ""), "program-kind");
    EXPECT_EQ(fault.verdict, Verdict::fail);
    EXPECT_THAT(fault.next, HasSubstr("chmod a-s"));
}

TEST(Program, HasItsFileCapabilitiesSeen) {
    const tests::TempDir folder;
    const std::string path = copy_of_self(folder, "capable");
    vfs_cap_data capability{};
    capability.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
    capability.data[0].permitted = 1U << CAP_NET_BIND_SERVICE;
    if (::setxattr(path.c_str(), "security.capability", &capability, sizeof capability, 0) != 0) {
        GTEST_SKIP() << "needs root and a file system with attributes";
    }
    EXPECT_EQ(look_at_program(path, "").privileges, "file capabilities");
}

// As a release of damocles-worker does; not a launcher that preloads the library, nor one of our own
// programs.
TEST(Program, ThatMapsFilesItselfIsFoundByTheVariablesName) {
    const tests::TempDir folder;
    const std::string self = tests::read_file("/bin/true");
    const std::string far(3 << 20, 'H');
    const auto findings = [&](const std::string& more) {
        return judge_locking(look_at_program(executable(folder, "worker", self + far + more), ""));
    };
    EXPECT_TRUE(findings("").empty());
    EXPECT_TRUE(findings("HUGEPAGE_FILES_PATH of libhugepage_shim.so").empty());
    ASSERT_EQ(findings("xHUGEPAGE_FILES_PATHx").size(), 1);
    EXPECT_EQ(findings("xHUGEPAGE_FILES_PATHx")[0].verdict, Verdict::fail);
    const std::string script = executable(folder, "script", "#!/bin/true\nHUGEPAGE_FILES_PATH=/a worker\n");
    EXPECT_TRUE(judge_locking(look_at_program(script, "")).empty());
}

Finding kind_of(const ctl::ElfFile& elf) {
    Program program;
    program.path = program.executable = "/usr/bin/sealer";
    program.elf = elf;
    return finding(judge_program(program, ""), "program-kind");
}

TEST(Program, ThatIsStaticOrOfMuslOrOfAnotherMachineFails) {
    EXPECT_EQ(kind_of({.is_own_kind = true, .interpreter = "/lib64/ld-linux-x86-64.so.2"}).verdict,
              Verdict::ok);
    const Finding musl = kind_of({.is_own_kind = true, .interpreter = "/lib/ld-musl-x86_64.so.1"});
    const Finding fixed = kind_of({.is_own_kind = true, .interpreter = ""});
    const Finding other = kind_of({.is_own_kind = false, .interpreter = ""});
    EXPECT_THAT(musl.what, HasSubstr("musl"));
    EXPECT_THAT(fixed.what, HasSubstr("statically"));
    EXPECT_THAT(other.what, HasSubstr("another kind of machine"));
    for (const Finding& finding : {musl, fixed, other}) {
        EXPECT_EQ(finding.verdict, Verdict::fail);
    }
}

}  // namespace
