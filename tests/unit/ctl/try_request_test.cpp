// The child by which doctor tries a request: its deadline and its rights. A script stands for hugepagectl.
#include "tools/ctl/try_request.h"

#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>

namespace {

using ctl::Finding;
using ctl::Verdict;
using testing::HasSubstr;

class RequestTest : public testing::Test {
  protected:
    RequestTest() {
        pool_.choice.pattern = *hugepage::FilePattern::in_folder("/mnt/pc1");
        pool_.user.id = ::geteuid();
        ctl::MemoryFile file;
        file.size = file.allocated = ctl::k2MiB;
        pool_.files = {file};
        std::filesystem::permissions(folder_.path(), std::filesystem::perms(0755));
    }

    [[nodiscard]] Finding answer_of(const std::string& script, unsigned seconds = 60) const {
        const auto path = folder_.write("script", "#!/bin/sh\n" + script + "\n");
        std::filesystem::permissions(path, std::filesystem::perms(0755));
        return ctl::try_request(pool_, "", path.string(), seconds);
    }

    ctl::Pool pool_;
    tests::TempDir folder_;
};

TEST_F(RequestTest, IsServedByTheFileThatTheChildNames) {
    const Finding finding = answer_of("echo a warning >&2; echo /mnt/pc1/numa_0/f");
    EXPECT_EQ(finding.verdict, Verdict::ok);
    EXPECT_THAT(finding.what, HasSubstr("was served by /mnt/pc1/numa_0/f"));
}

TEST_F(RequestTest, FailsWithWhatTheChildSaidFirst) {
    const Finding finding = answer_of("echo the reason; echo what follows from it; exit 1");
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_THAT(finding.what, testing::EndsWith("was not served: the reason"));
}

TEST_F(RequestTest, EndsAtTheDeadlineThoughTheChildHasClosedItsOutput) {
    const Finding finding = answer_of("trap '' TERM; exec >&- 2>&-; exec sleep 600", 1);
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_THAT(finding.what, HasSubstr("no answer within 1 second"));
}

TEST_F(RequestTest, HasTheRightsOfThePoolsUser) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "needs root";
    }
    pool_.user.id = 12345;
    const Finding finding = answer_of("echo $(id -u) $(id -ru) $(id -G)");
    EXPECT_THAT(finding.what, HasSubstr("was served by 12345 12345 65534,"));
}

TEST_F(RequestTest, IsNotTriedWithoutAFreeFile) {
    pool_.files.clear();
    const Finding finding = answer_of("exit 1");
    EXPECT_EQ(finding.verdict, Verdict::ok);
    EXPECT_THAT(finding.what, HasSubstr("not tried"));
}

}  // namespace
