// When no variable asks for the shim, nobody can tell it is there; when one asks in vain, one line says why.

#include "tests/preload/preloaded.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// Real jobs of programs nobody built for this: their output, errors and exit status, byte for byte.
class UnchangedProgram : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(UnchangedProgram, BehavesTheSameWithTheShimPreloadedAndNoVariableSet) {
    const std::string script = GetParam().second;
    const TempDir plain_dir;
    const TempDir shim_dir;
    const auto job = [&](const TempDir& dir, const Environment& environment) {
        auto outcome =
            run({"bash", "-c", "cd " + dir.path().string() + " && { " + script + "; }"}, environment);
        return outcome;
    };
    const auto plain = job(plain_dir, {{"HOME", "/nonexistent"}});
    const auto shim = job(shim_dir, preloaded({{"HOME", "/nonexistent"}}));
    EXPECT_EQ(plain.exit_status, 0) << plain.err;
    EXPECT_FALSE(plain.out.empty());
    EXPECT_EQ(plain.exit_status, shim.exit_status);
    EXPECT_EQ(plain.out, shim.out);
    EXPECT_EQ(plain.err, shim.err);
}

INSTANTIATE_TEST_SUITE_P(
    , UnchangedProgram,
    testing::Values(
        std::pair{"Bash",
                  "for i in $(seq 300); do x=$(echo $((i*i))); done; echo $x; (exit 3) || echo failed; "
                  "ls / | sort -r | md5sum; seq 200000 | sort -R --random-source=/bin/bash | md5sum"},
        std::pair{"Git",
                  "export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'; "
                  "git init -q -b main .; git config user.email a@b; git config user.name a; seq 5000 > f; "
                  "git add f; git commit -qm one; seq 2 5001 > f; git commit -qam two; git gc -q; git fsck; "
                  "git log --stat --format='%H %s'"},
        std::pair{
            "Python",
            "/usr/bin/python3 -c 'import mmap,hashlib,subprocess,threading;"
            "m=mmap.mmap(-1,1<<26);m[5]=7;print(hashlib.sha256(m).hexdigest());m.close();"
            "t=[threading.Thread(target=lambda:hashlib.md5(bytes(1<<24)).hexdigest())for _ in range(4)];"
            "[x.start() for x in t];[x.join() for x in t];"
            "print(subprocess.check_output([\"echo\",\"child\"]),sum(x*x for x in range(10**5)))'"},
        std::pair{
            "Gcc",
            "printf '#include <vector>\\n#include <cstdio>\\nint main(){std::vector<int>v(9,2);"
            "std::printf(\"%%zu\\\\n\",v.size());}' > a.cpp; g++ -O2 -c a.cpp -o a.o && g++ a.o -o a && "
            "./a && sha256sum < a.o"}),
    [](const auto& program) { return program.param.first; });

TEST(Inert, WithoutVariablesTheProbeGetsOrdinaryMemoryAndNothingIsSaid) {
    const auto outcome = run({PROBE, "map", bytes(kFileBytes)}, preloaded({{"HUGEPAGE_MODE", "require"}}));
    EXPECT_THAT(outcome.out, StartsWith(kAnonymous));
    EXPECT_THAT(outcome.err, IsEmpty());
}

// One line, and ordinary memory.
void expect_one_line(const Environment& environment, const std::string& text) {
    const auto outcome = run({PROBE, "map", bytes(kFileBytes)}, preloaded(environment));
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_THAT(outcome.out, StartsWith(kAnonymous));
    EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(text));
}

TEST(Inert, AFolderThatIsNotThereIsSaidInOneLine) {
    expect_one_line({{"HUGEPAGE_FILES_PATH", "/nowhere/at/all"}},
                    "open /nowhere/at/all/: No such file or directory");
}

TEST(Inert, AFolderWithoutFilesIsSaidInOneLine) {
    const TempDir empty;
    expect_one_line({{"HUGEPAGE_FILES_PATH", empty.path().string()}},
                    "no memory files at " + empty.path().string());
}

// With HUGEPAGE_MODE=require a sector's buffer is no ordinary memory; what is smaller is. Says why there are
// no files.
void expect_only_sectors_are_refused(const std::string& name, const std::string& value,
                                     const std::string& why) {
    const Environment variables = preloaded({{name, value}, {"HUGEPAGE_MODE", "require"}});
    const auto sector = run({PROBE, "map", bytes(512UL << 20)}, variables);
    EXPECT_EQ(sector.out, "failed: Cannot allocate memory\n");
    EXPECT_THAT(sector.err,
                HasSubstr("failing with ENOMEM (HUGEPAGE_MODE=require). memory_size: 536870912; "));
    EXPECT_THAT(sector.err, HasSubstr(why));
    EXPECT_THAT(run({PROBE, "map", bytes(kFileBytes)}, variables).out, StartsWith(kAnonymous));
}

// After a reboot, say, when nothing has been mounted yet.
TEST(Inert, WithoutAPoolARequiredSectorsBufferIsNoOrdinaryMemory) {
    const TempDir empty;
    expect_only_sectors_are_refused("HUGEPAGE_FILES_PATH", empty.path().string(), "no memory files at ");
}

TEST(Inert, WithAPathThatCannotBeUsedARequiredSectorsBufferIsNoOrdinaryMemory) {
    expect_only_sectors_are_refused("HUGEPAGE_FILES_PATH_PATTERN", "/mnt/numa_0",
                                    "not serving: it must contain $NUMA_NODE_INDEX");
}

TEST(Inert, APatternWithoutPlaceholderIsSaidInOneLine) {
    expect_one_line({{"HUGEPAGE_FILES_PATH_PATTERN", "/mnt/numa_0"}, {"HUGEPAGE_LOG", "error"}},
                    "not serving: it must contain $NUMA_NODE_INDEX");
}

// As many programs of a sealer's are: shells, ps, git.
TEST(Inert, AChildThatAsksForNoBufferSaysNothingOfTheVariables) {
    const Pool pool(kTmpfs);
    pool.add("file", kFileBytes);
    const Environment variables = preloaded({{"HUGEPAGE_FILES_PATH", pool.path().string()},
                                             {"HUGEPAGE_FILE_PATH", "/mnt/huge"},
                                             {"HUGEPAGE_MODE", "maybe"}});
    const std::string script =
        "x=$(printf 42; python3 -c 'import mmap; mmap.mmap(-1, 1 << 16).close()'); echo $x";
    const auto children = run({"sh", "-c", script}, variables);
    EXPECT_EQ(children.out, "42\n");
    EXPECT_EQ(children.err, "");
    const auto sealer = run({PROBE, "map", bytes(kFileBytes)}, variables);
    for (const char* name : {" WARN ThreadId(01) hugepage_shim::config: HUGEPAGE_FILE_PATH=/mnt/huge: ",
                             " WARN ThreadId(01) hugepage_shim::config: HUGEPAGE_MODE=maybe: "}) {
        EXPECT_THAT(sealer.err, HasSubstr(name));
    }
}

TEST(Inert, APatternWithoutPlaceholderIsNotSaidByAChildThatAsksForNothing) {
    if (kSanitized) {
        GTEST_SKIP() << "a sanitizer's runtime maps memory too";
    }
    EXPECT_EQ(run({"true"}, preloaded({{"HUGEPAGE_FILES_PATH_PATTERN", "/mnt/numa_0"}})).err, "");
}

TEST(Inert, LevelOffSaysNothingAtAll) {
    const auto outcome =
        run({PROBE, "map", bytes(kFileBytes)},
            preloaded({{"HUGEPAGE_FILES_PATH", "/nowhere/at/all"}, {"HUGEPAGE_LOG", "off"}}));
    EXPECT_THAT(outcome.err, IsEmpty());
}

#ifdef LINKED_PROBE
// One that was given rights by setuid brings the shim itself here: the loader preloads nothing into it.
TEST(Inert, InAProgramThatHasMoreRightsThanItsCaller) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root, to give a program rights";
    }
    const Pool pool(kTmpfs);
    pool.add("file", kFileBytes);
    const TempDir open_dir;
    std::filesystem::permissions(open_dir.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(pool.path(), std::filesystem::perms(0755));
    struct statvfs mount {};
    if (::statvfs(open_dir.path().c_str(), &mount) != 0 || (mount.f_flag & ST_NOSUID) != 0) {
        GTEST_SKIP() << "needs a folder for temporary files where programs are given rights";
    }
    const auto program = open_dir.path() / "program";
    std::filesystem::copy(LINKED_PROBE, program);
    Environment variables{{"HUGEPAGE_FILES_PATH", pool.path().string()}};
    EXPECT_THAT(run({program.string(), "map", bytes(kFileBytes)}, variables).out,
                testing::StartsWith("memory: file 4kB\n"));
    std::filesystem::permissions(program, std::filesystem::perms(04755));
    const auto outcome = run({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program.string(),
                              "map", bytes(kFileBytes)},
                             variables);
    EXPECT_THAT(outcome.out, testing::StartsWith(kAnonymous)) << outcome.err;
    EXPECT_EQ(outcome.err, "");
}
#endif

}  // namespace
}  // namespace tests
