// Root's way to a folder that others may have a hand in.
#include "tools/pool/places.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/pool/machine.h"

#include <gmock/gmock.h>

#include <sys/stat.h>
#include <unistd.h>

namespace pool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr uid_t kUser = 12345;

class Places : public testing::Test {
  protected:
    void SetUp() override {
        std::filesystem::create_directories(folder_ / "theirs");
        std::filesystem::create_directories(folder_ / "victim");
    }
    [[nodiscard]] std::string path(const char* name) const { return folder_ / name; }
    [[nodiscard]] static std::string refusal(const std::string& path, const Trust& trust) {
        return refusal_of([&] { static_cast<void>(find_place(path, trust)); }).message;
    }

    tests::TempDir temporary_;
    std::filesystem::path folder_ = std::filesystem::canonical(temporary_.path());
};

class RootsPlaces : public Places {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root";
        }
        Places::SetUp();
        ASSERT_EQ(::chown(path("theirs").c_str(), kUser, kUser), 0);
    }
};

TEST_F(Places, TellWhatIsMissing) {
    const Place place = find_place(path("victim/../victim/./a//b/"), kAnybody);
    EXPECT_EQ(place.existing, path("victim"));
    EXPECT_THAT(place.missing, ElementsAre(path("victim/a"), path("victim/a/b")));
    EXPECT_EQ(place.path, path("victim/a/b"));
}

TEST_F(Places, AreNoFiles) {
    temporary_.write("file", "");
    EXPECT_THAT(refusal(path("file/a"), kAnybody), HasSubstr("Not a directory"));
}

TEST_F(Places, FoldersAreMadeForAllWhateverTheUmask) {
    const mode_t before = ::umask(0777);
    EXPECT_TRUE(make_folder(path("victim/new"), {}));
    EXPECT_FALSE(make_folder(path("victim/new"), {}));
    EXPECT_EQ(::umask(before), mode_t{0777});
    EXPECT_EQ(std::filesystem::status(path("victim/new")).permissions(), std::filesystem::perms{0755});
}

TEST_F(RootsPlaces, FollowRootsOwnLinks) {
    std::filesystem::create_symlink("victim", folder_ / "link");
    EXPECT_EQ(find_place(path("link/a"), {}).path, path("victim/a"));
}

TEST_F(RootsPlaces, FollowNoLinkThatAnotherUserCanChange) {
    std::filesystem::create_symlink(folder_ / "victim", folder_ / "theirs/link");
    for (const Trust& trust : {Trust{}, Trust{.user = kUser}, kAnybody}) {
        EXPECT_NE(refusal(path("theirs/link"), trust), "");
    }
    std::filesystem::create_symlink("victim", folder_ / "link");
    ASSERT_EQ(::lchown(path("link").c_str(), kUser, kUser), 0);
    EXPECT_THAT(refusal(path("link"), kAnybody), HasSubstr("symbolic link"));
}

TEST_F(RootsPlaces, AreNotMadeInAnotherUsersFolder) {
    EXPECT_THAT(refusal(path("theirs/a"), {}), HasSubstr("belongs to user 12345"));
    EXPECT_EQ(refusal(path("theirs/a"), {.user = kUser}), "");
    EXPECT_EQ(refusal(path("theirs/a"), kAnybody), "");
}

TEST_F(RootsPlaces, AreNotMadeWhereOthersMayWrite) {
    ASSERT_EQ(::chmod(path("victim").c_str(), 0777), 0);
    EXPECT_THAT(refusal(path("victim/a"), {}), HasSubstr("chmod go-w"));
    ASSERT_EQ(::chmod(path("victim").c_str(), 01777), 0);
    EXPECT_EQ(refusal(path("victim/a"), {}), "") << "as /tmp";
}

}  // namespace
}  // namespace pool
