// Requests at moments and in places where a library might not expect them: before its constructor, after its
// end, in signal handlers, fork handlers, allocators, on small stacks, and from a thousand threads at once.

#include "tests/preload/preloaded.h"

#include <sstream>

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Nested : public PoolTest {
  protected:
    // Files that the program recognises among its mappings.
    std::vector<std::filesystem::path> add_files(int count, std::uint64_t file_bytes) {
        std::vector<std::filesystem::path> files;
        for (int i = 0; i < count; ++i) {
            files.push_back(pool_.add(std::to_string(i) + ".pool-file", file_bytes));
        }
        return files;
    }

    // The shim and another library, in both orders of LD_PRELOAD.
    [[nodiscard]] std::array<Environment, 2> in_both_orders(const std::string& library,
                                                            const Environment& more = {}) const {
        std::array<Environment, 2> both{environment(more), environment(more)};
        both[0]["LD_PRELOAD"] = both[0]["LD_PRELOAD"] + ":" + library;
        both[1]["LD_PRELOAD"] = library + ":" + both[1]["LD_PRELOAD"];
        return both;
    }

    [[nodiscard]] static Outcome nested(const std::vector<std::string>& arguments,
                                        const Environment& environment) {
        std::vector<std::string> command{NESTED};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return run(command, environment);
    }

    // Runs the program until it holds nothing any more, and sees whether all files are free then.
    void expect_all_free_at_the_end(const std::vector<std::string>& arguments, const std::string& expected,
                                    const std::vector<std::filesystem::path>& files, Environment more = {}) {
        more.emplace("HUGEPAGE_LOG", "off");
        std::vector<std::string> command{NESTED};
        command.insert(command.end(), arguments.begin(), arguments.end());
        ChildProcess child(command, environment(more));
        ASSERT_TRUE(child.wait_for("holding"));
        EXPECT_THAT(child.out(), StartsWith(expected));
        for (const auto& file : files) {
            EXPECT_FALSE(is_leased(file)) << file;
        }
        child.close_stdin();
        EXPECT_TRUE(child.wait().ok());
    }
};

TEST_P(Nested, HandlersInTheMidstOfCallsLeaveTheAccountTrue) {
    constexpr std::uint64_t kBytes = 4UL << 20;
    // One for the program and one for each of the two handlers: with HUGEPAGE_MODE=require every request is
    // served, or the program crashes.
    const auto files = add_files(3, kBytes);
    expect_all_free_at_the_end({"storm", bytes(kBytes)}, "faults: 0 0\n", files,
                               {{"HUGEPAGE_MODE", "require"}});
}

TEST_P(Nested, OfAThousandThreadsNoTwoHaveTheSameFile) {
    constexpr std::uint64_t kBytes = 2UL << 20;
    const auto files = add_files(8, kBytes);
    expect_all_free_at_the_end({"crowd", bytes(kBytes), kSanitized ? "100" : "1000"},
                               "served: 8\nfaults: 0\n", files, {{"HUGEPAGE_FALLBACK", "plain"}});
}

TEST_P(Nested, AnAllocatorMayHoldItsLockWhileItMaps) {
    if (kSanitized) {
        GTEST_SKIP() << "a sanitizer brings its own allocator";
    }
    add_files(1, kFileBytes);
    const TempDir dir;
    for (const std::string& log : std::vector<std::string>{"stderr", (dir.path() / "log").string()}) {
        for (const auto& variables :
             in_both_orders(TRAPS, {{"HUGEPAGE_LOG", "trace"}, {"HUGEPAGE_LOG_FILE", log}})) {
            const auto outcome = nested({"heap", bytes(kFileBytes)}, variables);
            EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
            EXPECT_EQ(outcome.out, "served: 1\ncontent: 1 2\nserved: 0\n");
        }
    }
    EXPECT_THAT(read_file(dir.path() / "log"), HasSubstr("reason: all_leased"));
}

TEST_P(Nested, NothingIsAllocatedInAnyCall) {
    if (kSanitized) {
        GTEST_SKIP() << "a sanitizer brings its own allocator";
    }
    add_files(2, kFileBytes);
    for (const auto& variables : in_both_orders(TRAPS, {{"HUGEPAGE_LOG", "trace"}})) {
        const auto outcome = nested({"hooks", bytes(kFileBytes)}, variables);
        EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
        EXPECT_EQ(outcome.out, "served: 1\nserved: 0\n");
    }
}

TEST_P(Nested, AProcessIsServedToItsVeryEnd) {
    const auto files = add_files(2, kFileBytes);
    for (const char* how : {"exit", "quick_exit", "thread"}) {
        const auto outcome = nested({"leave", bytes(kFileBytes), how}, environment());
        EXPECT_TRUE(outcome.ok()) << how << " " << outcome.err;
        EXPECT_EQ(outcome.out, "late: 0\n") << how;
        EXPECT_THAT(outcome.err, HasSubstr("leased memory file")) << how;
    }
    EXPECT_THAT(nested({"leave", bytes(kFileBytes), "_exit"}, environment()).err,
                HasSubstr("leased memory file"));
    for (const auto& file : files) {
        EXPECT_FALSE(is_leased(file)) << file;
    }
}

// The loader says in which order it calls constructors: at one of the two orders ours comes last.
TEST_P(Nested, AnotherLibrarysConstructorAndDestructorAreServedInEitherOrder) {
    add_files(1, kFileBytes);
    std::vector<bool> shim_was_first;
    for (const auto& variables :
         in_both_orders(EARLY_CALLER, {{"EARLY_CALLER_BYTES", bytes(kFileBytes)}, {"LD_DEBUG", "files"}})) {
        const auto outcome = run({PROBE, "map", bytes(kFileBytes)}, variables);
        EXPECT_THAT(outcome.out, StartsWith("early: 0 0\nmemory: " + served() + "\nfresh: zero\n"));
        EXPECT_THAT(outcome.out, HasSubstr("late: 0 0\n"));
        const auto begins = [&](const std::string& library) {
            return outcome.err.find("calling init: " + library);
        };
        ASSERT_NE(begins(SHIM_LIBRARY), std::string::npos) << outcome.err;
        ASSERT_NE(begins(EARLY_CALLER), std::string::npos) << outcome.err;
        shim_was_first.push_back(begins(SHIM_LIBRARY) < begins(EARLY_CALLER));
        std::size_t leases = 0;
        for (auto at = outcome.err.find("leased memory file"); at != std::string::npos;
             at = outcome.err.find("leased memory file", at + 1)) {
            ++leases;
        }
        EXPECT_EQ(leases, 3U);
    }
    EXPECT_NE(shim_was_first.at(0), shim_was_first.at(1));
}

TEST_P(Nested, ForkHandlersOfOtherLibrariesMayMapAndUnmap) {
    add_files(2, kFileBytes);
    for (const auto& variables : in_both_orders(EARLY_CALLER, {{"EARLY_CALLER_BYTES", bytes(kFileBytes)}})) {
        const auto outcome = run({BESIDE_HANDLERS, "once", bytes(kFileBytes)}, variables);
        EXPECT_TRUE(outcome.ok()) << outcome.err;
        EXPECT_THAT(outcome.out, HasSubstr("child: 0\n"));
        EXPECT_THAT(outcome.err, HasSubstr("leased memory file"));
    }
}

TEST_P(Nested, ALibraryMayTakeALockBeforeForkUnderWhichItMaps) {
    add_files(3, kFileBytes);  // a child that was forked off during a lease keeps it for a moment
    for (const auto& variables :
         in_both_orders(LOCK_HOLDER, {{"HUGEPAGE_LOG", "off"}, {"HUGEPAGE_MODE", "require"}})) {
        // What hangs has its signals blocked.
        const auto outcome =
            run({"timeout", "-s", "KILL", "120", BESIDE_HANDLERS, "lock", bytes(kFileBytes)}, variables);
        EXPECT_EQ(outcome.out, "failed: 0\n") << outcome.exit_status;
    }
}

TEST_P(Nested, MsyncIsACancellationPointAsEver) {
    if (kSanitized) {
        GTEST_SKIP() << "AddressSanitizer takes the stack of a cancelled thread for overrun";
    }
    add_files(1, kFileBytes);
    const auto outcome = nested({"cancel", bytes(kFileBytes)}, environment());
    EXPECT_TRUE(outcome.ok()) << outcome.err;
    EXPECT_EQ(outcome.out, "cancelled: 1\ncancelled: 1\n");
    EXPECT_THAT(outcome.err, HasSubstr("leased memory file"));
}

TEST_P(Nested, ALibraryBehindTheShimHearsOfCallsThatAreNotTheShims) {
    add_files(1, kFileBytes);
    EXPECT_EQ(nested({"chain", bytes(kFileBytes)}, in_both_orders(LISTENER).at(0)).out, "heard: 1\n");
    auto inert = in_both_orders(LISTENER).at(0);
    inert.erase("HUGEPAGE_FILES_PATH");
    EXPECT_EQ(nested({"chain", bytes(kFileBytes)}, inert).out, "heard: 1\n");
}

// docs/behaviour.md: a stack of 16 KiB is enough, of which the C library needs some for the thread, and the
// kernel for a handler's frame.
TEST_P(Nested, NoCallUsesMoreThanTenKiBOfStack) {
#ifndef NDEBUG
    GTEST_SKIP() << "unoptimized code needs more stack";
#endif
    if (kSanitized) {
        GTEST_SKIP() << "sanitized code needs more stack";
    }
    add_files(1, kFileBytes);
    const auto outcome = run({STACK_USE, bytes(kFileBytes)}, environment({{"HUGEPAGE_LOG", "trace"}}));
    EXPECT_TRUE(outcome.ok()) << outcome.err;
    std::istringstream lines(outcome.out);
    int measured = 0;
    for (std::string line; std::getline(lines, line); ++measured) {
        const long used = std::stol(line.substr(line.rfind(' ')));
        EXPECT_GT(used, 1024) << line;
        EXPECT_LE(used, 10 * 1024) << line;
    }
    EXPECT_EQ(measured, 4) << outcome.out;
}

INSTANTIATE_TEST_SUITE_P(, Nested, testing::Values(kTmpfs, kHuge2M), name_of_kind);

}  // namespace
}  // namespace tests
