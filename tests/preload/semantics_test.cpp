// Served memory behaves as anonymous memory in every call: the same calls on both, compared.

#include "tests/preload/preloaded.h"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace tests {
namespace {

using testing::HasSubstr;

// 416 on Linux 6.18, 404 on Linux 6.1, which knows fewer kinds of advice. docs/behaviour.md: over 800, locked
// and not.
constexpr int kLeastCompared = 400;

class Semantics : public PoolTest {
  protected:
    void SetUp() override {
        PoolTest::SetUp();
        if (!IsSkipped()) {
            // Two more than a stretch of memory takes, to grow into.
            for (const char* name : {"a", "b", "c"}) {
                pool_.add(name, kFileBytes);
            }
        }
    }
    [[nodiscard]] Outcome twins(const std::vector<std::string>& arguments) const {
        std::vector<std::string> command = {TWINS};
        command.insert(command.end(), arguments.begin(), arguments.end());
        return run(command, environment({{"HUGEPAGE_MODE", "require"}, {"HUGEPAGE_LOG", "error"}}));
    }
    static bool has_thread_sanitizer() {
        return std::string_view(SANITIZER).find("thread") != std::string_view::npos;
    }
    // And that no rows have vanished.
    void expect_none_wrong(const std::string& kind) const {
        // Four huge pages; on tmpfs, where nothing is one, less: it takes a tenth of the time.
        const std::uint64_t stretch =
            GetParam().is_huge() ? kFileBytes : 4 * 64 * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        for (const char* name : {"d", "e", "f"}) {
            if (stretch != kFileBytes) {
                static_cast<void>(pool_.add(name, stretch));
            }
        }
        const auto outcome = twins({"rows", bytes(stretch), GetParam().is_huge() ? "huge" : "small", kind});
        EXPECT_TRUE(outcome.ok()) << outcome.out << outcome.err << " signal " << outcome.signal;
        const std::string before = "compared: ";
        const auto at = outcome.out.find(before);
        ASSERT_NE(at, std::string::npos) << outcome.out;
        EXPECT_GE(std::stoi(outcome.out.substr(at + before.size())), kLeastCompared);
        EXPECT_THAT(outcome.out, HasSubstr(", wrong: 0\n"));
    }
};
INSTANTIATE_TEST_SUITE_P(, Semantics, testing::Values(kTmpfs, kHuge2M), name_of_kind);

TEST_P(Semantics, AreThoseOfAnonymousMemoryInEveryCall) {
    if (has_thread_sanitizer()) {
        GTEST_SKIP() << "ThreadSanitizer's munmap ends the program where the kernel says EINVAL";
    }
    expect_none_wrong("unlocked");
}

TEST_P(Semantics, AreThoseOfLockedAnonymousMemoryInEveryCall) {
    if (!std::string_view(SANITIZER).empty()) {
        GTEST_SKIP() << "a sanitizer's mlock does nothing";
    }
    expect_none_wrong("locked");
}

// The same calls each time. TWINS_STEPS in the environment is for longer runs, TWINS_SEED for other calls:
// `random` for new ones. The seed is printed always.
TEST_P(Semantics, AreThoseOfAModelInRandomCalls) {
    const char* steps = std::getenv("TWINS_STEPS");
    const char* wanted = std::getenv("TWINS_SEED");
    const std::string seed = wanted == nullptr                      ? "1"
                             : std::string_view(wanted) == "random" ? bytes(std::random_device()())
                                                                    : wanted;
    const auto outcome = twins({"random", bytes(kFileBytes), seed, steps != nullptr ? steps : "6000"});
    std::printf("%s", outcome.out.c_str());
    EXPECT_TRUE(outcome.ok()) << outcome.out << outcome.err << " signal " << outcome.signal;
}

}  // namespace
}  // namespace tests
