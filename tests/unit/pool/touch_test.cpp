// Threads that touch pages, here ordinary ones: how each end of that is understood.
#include "tools/pool/touch.h"

#include "tests/unit/pool/machine.h"
#include "tests/unit/pool/temp_folder.h"

#include <gmock/gmock.h>

#include <csignal>
#include <vector>

namespace pool {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kPages = 64;

class TouchTest : public testing::Test {
  protected:
    void SetUp() override {
        if (!folder_.is_there()) {
            GTEST_SKIP() << "needs a tmpfs at /dev/shm that can be written to";
        }
        job_.page_size = hugepage::ByteSize{static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
        job_.file_size = hugepage::ByteSize{kPages * job_.page_size.bytes};
        job_.node = ctl::read_machine().nodes.front().id;
        job_.threads = 3;
    }

    void add_file(std::uint64_t pages) {
        const std::string path = folder_.file(std::to_string(files_.size()));
        files_.emplace_back(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(::ftruncate(files_.back().get(), static_cast<off_t>(pages * job_.page_size.bytes)), 0);
        job_.files.push_back(files_.back().get());
    }
    [[nodiscard]] Refusal refusal() const {
        return refusal_of([&] { touch_into_place(job_, interrupts_); });
    }

    TempFolder folder_;
    std::vector<hugepage::Fd> files_;
    TouchJob job_;
    tools::Interrupts interrupts_;
};

TEST_F(TouchTest, FillsAllPagesOfAllFiles) {
    add_file(kPages);
    add_file(kPages);
    const auto refused = refusal();
    if (refused.code == tools::ExitCode::no_permission) {
        GTEST_SKIP() << "needs mbind and move_pages: " << refused.message;
    }
    ASSERT_EQ(refused.message, "");
    for (const auto& file : files_) {
        struct stat facts {};
        ASSERT_EQ(::fstat(file.get(), &facts), 0);
        EXPECT_EQ(static_cast<std::uint64_t>(facts.st_blocks) * 512, job_.file_size.bytes);
    }
}

TEST_F(TouchTest, SurvivesAPageThatCannotBeHad) {
    add_file(kPages / 2);  // beyond its end a touch is the same signal as on a node without pages
    job_.threads = 1;
    const auto refused = refusal();
    if (refused.code == tools::ExitCode::no_permission) {
        GTEST_SKIP() << "needs mbind: " << refused.message;
    }
    EXPECT_EQ(refused.code, tools::ExitCode::failed);
    EXPECT_THAT(refused.message, HasSubstr("ran out of"));
    EXPECT_THAT(refused.message, HasSubstr("after 128.0 KiB of 256.0 KiB; nothing was created"));
}

TEST_F(TouchTest, EndsWhenInterrupted) {
    add_file(kPages);
    ::raise(SIGTERM);
    try {
        touch_into_place(job_, interrupts_);
        FAIL() << "went on";
    } catch (const tools::Interrupted& interrupted) {
        EXPECT_EQ(interrupted.signal(), SIGTERM);
    }
}

TEST_F(TouchTest, SaysWhatCouldNotBeMapped) {
    job_.files.push_back(folder_.fd());
    EXPECT_THAT(refusal().message, HasSubstr("set aside 64 pages"));
}

}  // namespace
}  // namespace pool
