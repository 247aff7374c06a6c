#include "tests/support/temp_dir.h"
#include "tests/unit/pool/machine.h"
#include "tools/pool/record.h"

#include <gmock/gmock.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace pool {
namespace {

using std::chrono::seconds;

class Lock : public testing::Test {
  protected:
    tests::TempDir temporary_;
    std::string folder_ = std::filesystem::canonical(temporary_.path()) / "run";
    tools::Interrupts interrupts_;
};

TEST_F(Lock, IsOfAFileThatItsOwnerAloneCanOpen) {
    {
        const RunLock lock(folder_, seconds(1), interrupts_);
        struct stat facts {};
        ASSERT_EQ(::stat((folder_ + "/lock").c_str(), &facts), 0);
        EXPECT_EQ(facts.st_mode & 07777, mode_t{0600});
        EXPECT_EQ(refusal_of([&] { const RunLock other(folder_, seconds(0), interrupts_); }).code,
                  tools::ExitCode::busy);
    }
    EXPECT_FALSE(std::filesystem::exists(folder_));
}

// The folder can be opened, and so locked, by everybody.
TEST_F(Lock, IsNotOfTheFolder) {
    std::filesystem::create_directory(folder_);
    const hugepage::Fd other(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
    const RunLock lock(folder_, seconds(0), interrupts_);
}

TEST_F(Lock, LeavesALinkToItsFolder) {
    const auto there = temporary_.path() / "elsewhere" / "run";
    std::filesystem::create_directories(there);
    std::filesystem::create_symlink(there, folder_);
    { const RunLock lock(folder_, seconds(0), interrupts_); }
    EXPECT_TRUE(std::filesystem::is_empty(there));
}

TEST_F(Lock, IsNotWaitedForWhereTheFolderIsALinkThatLeadsNowhere) {
    std::filesystem::create_symlink(temporary_.path() / "nowhere", folder_);
    EXPECT_EQ(refusal_of([&] { const RunLock lock(folder_, seconds(0), interrupts_); }).code,
              tools::ExitCode::failed);
}

TEST_F(Lock, IsNotWaitedForByWhoIsAskedToEnd) {
    const RunLock lock(folder_, seconds(1), interrupts_);
    ::raise(SIGTERM);
    EXPECT_THROW(const RunLock other(folder_, seconds(60), interrupts_), tools::Interrupted);
}

}  // namespace
}  // namespace pool
