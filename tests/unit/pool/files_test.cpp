// Files without a name, which must not outlive a failure. They behave the same on any file system.
#include "tools/pool/files.h"

#include "tests/unit/pool/machine.h"
#include "tests/unit/pool/temp_folder.h"
#include "tools/pool/places.h"

#include <gmock/gmock.h>

#include <sys/resource.h>
#include <sys/wait.h>

#include <fstream>

namespace pool {
namespace {

using testing::HasSubstr;

class NewFileTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!folder_.is_there()) {
            GTEST_SKIP() << "needs a tmpfs at /dev/shm that can be written to";
        }
        request_.size = k2MiB;
    }

    [[nodiscard]] hugepage::Fd file() const { return new_file(folder_.fd(), path_, request_); }

    TempFolder folder_;
    std::string path_ = folder_.file("2.0_MiB_0");
    Request request_ = two_files_on_each_node();
};

TEST_F(NewFileTest, CannotBeSeenUntilItIsPublished) {
    const auto made = file();
    EXPECT_TRUE(folder_.is_empty());
    publish(made, folder_.fd(), path_);
    EXPECT_EQ(std::filesystem::file_size(path_), k2MiB.bytes);
}

TEST_F(NewFileTest, LeavesNothingIfItIsNotPublished) {
    { const auto made = file(); }
    EXPECT_TRUE(folder_.is_empty());
}

TEST_F(NewFileTest, HasTheModeAskedForWhateverTheUmask) {
    const mode_t before = ::umask(0777);
    request_.mode = 0640;
    const auto made = file();
    ::umask(before);
    struct stat facts {};
    ASSERT_EQ(::fstat(made.get(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 07777, mode_t{0640});
}

TEST_F(NewFileTest, NeverReplacesWhatIsThere) {
    std::ofstream(path_) << "mine";
    const auto made = file();
    const auto refused = refusal_of([&] { publish(made, folder_.fd(), path_); });
    EXPECT_EQ(refused.code, tools::ExitCode::failed);
    EXPECT_THAT(refused.message, HasSubstr(path_ + " has been created by somebody else meanwhile"));
    EXPECT_EQ(std::filesystem::file_size(path_), 4U);
}

TEST(Limits, OnTheSizeOfFilesAreTold) {
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit soft{k2MiB.bytes, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &soft), 0);
    require_limits(k1GiB);  // within the hard one
    const pid_t child = ::fork();
    if (child == 0) {
        const rlimit hard{k2MiB.bytes, k2MiB.bytes};
        ::setrlimit(RLIMIT_FSIZE, &hard);
        require_limits(k2MiB);
        const auto refused = refusal_of([] { require_limits(k1GiB); });
        ::_exit(refused.message.find("ulimit -f") != std::string::npos ? 0 : 1);
    }
    int status = 1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace pool
