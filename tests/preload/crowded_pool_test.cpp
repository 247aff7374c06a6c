// A pool of many files, most of them somebody else's.

#include "shim/base/fd.h"
#include "tests/preload/preloaded.h"
#include "tests/support/wait_until.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace tests {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint64_t kSmallFile = 2UL << 20;
constexpr int kFiles = 30;

class CrowdedPool : public PoolTest {
  protected:
    void SetUp() override {
        PoolTest::SetUp();
        for (int i = 0; i < kFiles && !IsSkipped(); ++i) {
            files_.push_back(pool_.add(name_of(i), kSmallFile));
        }
    }

    static std::string name_of(int i) { return (i < 10 ? "file_0" : "file_") + std::to_string(i); }

    void hold(int i) {
        auto file = hugepage::Fd::open(files_[static_cast<std::size_t>(i)].c_str(), O_RDWR);
        ASSERT_TRUE(file);
        ASSERT_EQ(::flock(file.value().get(), LOCK_EX | LOCK_NB), 0);
        held_[static_cast<std::size_t>(i)] = std::move(file.value());
    }
    void hold_all_but(int free) {
        for (int i = 0; i < kFiles; ++i) {
            if (i != free) {
                hold(i);
            }
        }
    }

    [[nodiscard]] std::vector<std::string> command(const std::string& scenario) const {
        return {PROBE, scenario, bytes(kSmallFile)};
    }

    std::vector<std::filesystem::path> files_;
    std::array<hugepage::Fd, kFiles> held_;
};
INSTANTIATE_TEST_SUITE_P(, CrowdedPool, testing::Values(kTmpfs, kHuge2M), name_of_kind);

TEST_P(CrowdedPool, ServesFromTheOneFileThatIsFreeWhereverItIs) {
    for (const int free : {0, 7, 8, 9, kFiles - 1}) {
        hold_all_but(free);
        const auto outcome = run(command("map"), environment({{"HUGEPAGE_MODE", "require"}}));
        EXPECT_THAT(outcome.out, StartsWith("memory: " + served())) << free;
        EXPECT_THAT(outcome.err,
                    HasSubstr("leased memory file: " + files_[static_cast<std::size_t>(free)].string()));
        held_ = {};
    }
}

TEST_P(CrowdedPool, BeginsWithAnotherFileEachTime) {
    std::set<std::string> leased;
    for (int i = 0; i < 10; ++i) {
        const auto log = run(command("map"), environment()).err;
        const auto begin = log.find("leased memory file: ");
        ASSERT_NE(begin, std::string::npos) << log;
        leased.insert(log.substr(begin, log.find(';', begin) - begin));
    }
    EXPECT_GT(leased.size(), 2U);
}

TEST_P(CrowdedPool, SaysThatAllAreLeasedIfTheyAre) {
    hold_all_but(-1);
    const auto outcome = run(command("map"), environment());
    EXPECT_THAT(outcome.out, StartsWith("memory: anonymous"));
    EXPECT_THAT(outcome.err, HasSubstr("all_leased"));
}

TEST_P(CrowdedPool, SeesAFileThatIsGivenBackWhileItWaits) {
    hold_all_but(-1);
    const TempDir folder;
    const auto log = folder.write("log", "");
    ChildProcess waiting(command("map"), environment({{"HUGEPAGE_WAIT_MS", "100000"},
                                                      {"HUGEPAGE_LOG", "debug"},
                                                      {"HUGEPAGE_LOG_FILE", log.string()}}));
    // By then it has been through all of them once.
    const auto has_seen = [&](const auto& file) {
        return read_file(log).find("leased by somebody else: " + file.string()) != std::string::npos;
    };
    ASSERT_TRUE(wait_until([&] { return std::ranges::all_of(files_, has_seen); })) << read_file(log);
    held_[20] = {};
    EXPECT_THAT(waiting.wait().out, StartsWith("memory: " + served()));
    EXPECT_THAT(read_file(log), HasSubstr("leased memory file: " + files_[20].string()));
}

TEST(CrowdedFolder, HasNoLimitToItsFiles) {
    const Pool pool(kTmpfs);
    ASSERT_EQ(pool.missing(), "");
    // Whether a folder is listed from its oldest name or from its newest, one of the two is behind all the
    // others.
    pool.add("oldest", kSmallFile);
    for (int i = 0; i < 5000; ++i) {
        pool.add_sparse(std::to_string(i), 4096);
    }
    pool.add("newest", kSmallFile);
    const auto outcome =
        run({PROBE, "hold", bytes(kSmallFile), "2"},
            preloaded({{"HUGEPAGE_FILES_PATH", pool.path().string()}, {"HUGEPAGE_MODE", "require"}}));
    EXPECT_EQ(outcome.out, "memory: file 4kB\nmemory: file 4kB\nholding\n") << outcome.err;
}

}  // namespace
}  // namespace tests
