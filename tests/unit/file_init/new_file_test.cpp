// Files without a name, and folders, that must not outlive a failure. They behave the same on any file
// system.
#include "tools/file_init/new_file.h"

#include "tests/unit/file_init/machine.h"
#include "tests/unit/file_init/temp_folder.h"
#include "tools/file_init/folders.h"

#include <gmock/gmock.h>

#include <fstream>

namespace file_init {
namespace {

using testing::HasSubstr;

class NewFileTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!folder_.is_there()) {
            GTEST_SKIP() << "needs a tmpfs at /dev/shm that can be written to";
        }
        request_.size = kPage;
    }

    [[nodiscard]] NewFile new_file() const { return NewFile::in(folder_.fd(), path_, request_); }

    TempFolder folder_;
    std::string path_ = folder_.file("2.0_MiB_0");
    Request request_ = two_files_of_a_gib();
};

TEST_F(NewFileTest, CannotBeSeenUntilItIsPublished) {
    const NewFile file = new_file();
    EXPECT_TRUE(folder_.is_empty());
    file.publish(folder_.fd());
    EXPECT_EQ(std::filesystem::file_size(path_), kPage.bytes);
}

TEST_F(NewFileTest, LeavesNothingIfItIsNotPublished) {
    { const NewFile file = new_file(); }
    EXPECT_TRUE(folder_.is_empty());
}

TEST_F(NewFileTest, HasTheModeAskedForWhateverTheUmask) {
    const mode_t before = ::umask(0777);
    request_.mode = 0640;
    const NewFile file = new_file();
    ::umask(before);
    struct stat facts {};
    ASSERT_EQ(::fstat(file.fd(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, mode_t{0640});
}

TEST_F(NewFileTest, IsForItsOwnerAloneByDefault) {
    struct stat facts {};
    const NewFile file = new_file();
    ASSERT_EQ(::fstat(file.fd(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, mode_t{0600});
}

TEST_F(NewFileTest, NeverReplacesWhatIsThere) {
    std::ofstream(path_) << "mine";
    const NewFile file = new_file();
    const auto refused = refusal_of([&] { file.publish(folder_.fd()); });
    EXPECT_EQ(refused.code, tools::ExitCode::failed);
    EXPECT_THAT(refused.message, HasSubstr(path_ + " has been created by somebody else meanwhile"));
    EXPECT_EQ(std::filesystem::file_size(path_), 4U);
}

TEST_F(NewFileTest, WithdrawsNoNameButItsOwn) {
    const NewFile file = new_file();
    file.publish(folder_.fd());
    file.withdraw(folder_.fd());
    EXPECT_TRUE(folder_.is_empty());
    std::ofstream(path_) << "mine";
    file.withdraw(folder_.fd());
    EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(NewFileTest, FoldersGoUnlessTheyAreKept) {
    {
        Folders folders;
        folders.make(folder_.file("a"));
        folders.make(folder_.file("a/b"));
        EXPECT_TRUE(std::filesystem::is_directory(folder_.file("a/b")));
    }
    EXPECT_TRUE(folder_.is_empty());
    {
        Folders folders;
        folders.make(folder_.file("a"));
        folders.keep();
    }
    EXPECT_TRUE(std::filesystem::is_directory(folder_.file("a")));
}

TEST_F(NewFileTest, FoldersOfOthersStay) {
    std::filesystem::create_directory(folder_.file("a"));
    {
        Folders folders;
        folders.make(folder_.file("a"));
    }
    EXPECT_TRUE(std::filesystem::is_directory(folder_.file("a")));
}

TEST_F(NewFileTest, FoldersCanBeEnteredByAllWhateverTheUmask) {
    const mode_t before = ::umask(0777);
    Folders folders;
    folders.make(folder_.file("a"));
    ::umask(before);
    EXPECT_EQ(std::filesystem::status(folder_.file("a")).permissions(), std::filesystem::perms{0755});
}

}  // namespace
}  // namespace file_init
