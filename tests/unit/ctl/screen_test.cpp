#include "tools/ctl/status/screen.h"

#include "tests/support/temp_dir.h"
#include "tools/common/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

namespace ctl {
namespace {

TEST(Screen, CutsWhatIsTooLong) {
    EXPECT_EQ(cut_to("a\nb\nc\n", 3), "a\nb\nc\n");
    EXPECT_EQ(cut_to("a\nb\nc\nd\n", 3), "a\nb\n... and 2 lines more, for which the screen is too small\n");
    EXPECT_EQ(cut_to("", 3), "");
}

TEST(ReplaceFile, LeavesNothingElseAndCanBeReadByAll) {
    const tests::TempDir folder;
    const auto path = folder.path() / "x.prom";
    replace_file(path.string(), "one\n");
    replace_file(path.string(), "two\n");
    EXPECT_EQ(tests::read_file(path), "two\n");
    struct stat facts {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, 0644);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(ReplaceFile, IsNeverSeenHalf) {
    const tests::TempDir folder;
    const auto path = folder.path() / "x.prom";
    const std::string content[] = {std::string(100'000, 'a'), std::string(200'000, 'b')};
    replace_file(path.string(), content[0]);
    std::atomic<bool> done = false;
    std::atomic<std::size_t> written = 0;
    std::atomic<std::size_t> written_while_read = 0;
    std::size_t halves = 0;
    std::thread reader([&] {
        while (!done) {
            const std::size_t before = written;
            const std::string seen = tests::read_file(path);
            written_while_read += written != before ? 1U : 0U;
            halves += seen == content[0] || seen == content[1] ? 0U : 1U;
        }
    });
    constexpr std::size_t kEnough = 50;
    constexpr std::size_t kMost = 20'000;
    while (written_while_read < kEnough && written < kMost) {
        replace_file(path.string(), content[(written + 1) % 2]);
        ++written;
    }
    done = true;
    reader.join();
    EXPECT_EQ(halves, 0);
    EXPECT_GE(written_while_read, kEnough);
}

TEST(ReplaceFile, LeavesTheOldOneWhereItFails) {
    const tests::TempDir folder;
    EXPECT_THROW(replace_file((folder.path() / "missing" / "x").string(), "x"), tools::Failure);
    std::filesystem::create_directories(folder.path() / "folder" / "in it");
    EXPECT_THROW(replace_file((folder.path() / "folder").string(), "x"), tools::Failure);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

}  // namespace
}  // namespace ctl
