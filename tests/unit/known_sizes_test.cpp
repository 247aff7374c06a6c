#include "shim/request/known_sizes.h"

#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <memory>
#include <string>
#include <thread>

namespace hugepage {
namespace {

class KnownSizesTest : public testing::Test {
  protected:
    [[nodiscard]] bool knows(std::uint64_t size) const { return sizes_->contain(ByteSize{size}); }
    bool refresh() { return sizes_->refresh(pattern_); }
    // In a second in which nobody has looked yet.
    void look_again() {
        while (!refresh()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
    }

    tests::TempDir dir_;
    FilePattern pattern_ = *FilePattern::in_folder(dir_.path().c_str());
    std::unique_ptr<KnownSizes> sizes_ = std::make_unique<KnownSizes>();
};

TEST_F(KnownSizesTest, AreThoseOfTheFilesOfAllNodes) {
    dir_.write("numa_0/a", "1234");
    dir_.write("numa_0/b", "1234");
    dir_.write("numa_7/c", "12");
    dir_.write("numa_0/.hidden", "1");
    dir_.write("numa_0/empty", "");
    dir_.write("numa_0/folder/inner", "123");
    dir_.write("elsewhere/file", "12345");
    dir_.write("target", "123456");
    std::filesystem::create_symlink(dir_.path() / "target", dir_.path() / "numa_0/link");
    EXPECT_TRUE(sizes_->empty());
    EXPECT_EQ(sizes_->smallest_or(ByteSize{3}), ByteSize{3});
    ASSERT_TRUE(refresh());
    EXPECT_FALSE(sizes_->empty());
    for (std::uint64_t size = 0; size < 8; ++size) {
        EXPECT_EQ(knows(size), size == 2 || size == 4) << size;
    }
    EXPECT_EQ(sizes_->smallest_or(ByteSize{3}), ByteSize{2});
    EXPECT_EQ(sizes_->smallest_or(ByteSize{1}), ByteSize{1});
}

TEST_F(KnownSizesTest, AreLookedForOnceASecond) {
    dir_.write("numa_0/a", "1");
    int looks = 0;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
    while (std::chrono::steady_clock::now() < end) {
        looks += refresh() ? 1 : 0;
    }
    EXPECT_GE(looks, 2);
    EXPECT_LE(looks, 3);
}

TEST_F(KnownSizesTest, ComeLaterToo) {
    ASSERT_TRUE(refresh());
    EXPECT_TRUE(sizes_->empty());
    dir_.write("numa_0/a", "1234");
    look_again();
    EXPECT_TRUE(knows(4));
    dir_.write("numa_0/a", "12");  // which no folder's time tells of
    look_again();
    EXPECT_TRUE(knows(2));
}

TEST_F(KnownSizesTest, StayKnownWhenTheirFilesAreGone) {
    dir_.write("numa_0/a", "1234");
    ASSERT_TRUE(refresh());
    std::filesystem::remove_all(dir_.path() / "numa_0");
    look_again();
    EXPECT_TRUE(knows(4));
}

TEST_F(KnownSizesTest, AreLookedForAgainAtOnceAfterAnErrorThatPasses) {
    dir_.write("numa_0/a", "1234");
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    KnownSizes& sizes = *sizes_;
    const FilePattern& pattern = pattern_;
    // UBSan takes a descriptor to look at an object with virtual functions, as this test is one.
    ::setrlimit(RLIMIT_NOFILE, &none);
    const bool is_complete = sizes.refresh(pattern);
    ::setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_FALSE(is_complete);
    EXPECT_TRUE(sizes.empty());
    EXPECT_TRUE(refresh());
    EXPECT_TRUE(knows(4));
}

TEST_F(KnownSizesTest, AreAsManyAsThereIsRoomFor) {
    for (std::size_t size = 1; size <= 20; ++size) {
        dir_.write("numa_0/" + std::to_string(size), std::string(size, 'x'));
    }
    ASSERT_TRUE(refresh());
    int known = 0;
    for (std::uint64_t size = 0; size <= 21; ++size) {
        known += knows(size) ? 1 : 0;
    }
    EXPECT_EQ(known, 16);
}

}  // namespace
}  // namespace hugepage
