// Pieces that messages are made of.
#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/common/values.h"

#include <gtest/gtest.h>

namespace tools {
namespace {

using hugepage::ByteSize;

TEST(Wording, OfPageSizes) {
    EXPECT_EQ(page_size_text(ByteSize{2 << 20}), "2 MiB");
    EXPECT_EQ(page_size_text(ByteSize{64 << 10}), "64 KiB");
    EXPECT_EQ(mount_size_text(ByteSize{2 << 20}), "2M");
    EXPECT_EQ(mount_size_text(ByteSize{1 << 30}), "1G");
}

TEST(Wording, CountsInSingularAndPlural) {
    EXPECT_EQ(counted(1, "file"), "1 file");
    EXPECT_EQ(counted(2, "file"), "2 files");
}

TEST(Wording, QuotesForTheShellOnlyWhereNeeded) {
    EXPECT_EQ(quoted("/mnt/huge_1g/numa_0/32.0_GiB_0"), "/mnt/huge_1g/numa_0/32.0_GiB_0");
    EXPECT_EQ(quoted("/mnt/a b"), "'/mnt/a b'");
    EXPECT_EQ(quoted("it's"), "'it'\\''s'");
    EXPECT_EQ(quoted(""), "''");
    EXPECT_EQ(quoted("a\033]0;it's\\\a"), R"($'a\x1b]0;it\'s\x5c\x07')");
    EXPECT_EQ(quoted("\xe4\xbd\xa0 \xff"), R"($'\xe4\xbd\xa0 \xff')");
    EXPECT_EQ(quoted("\xe4\xbd\xa0"), "'\xe4\xbd\xa0'");
}

TEST(Wording, OfSystemFailuresSaysWhyAndChoosesTheExitCode) {
    const auto denied = system_failure("open /mnt", EACCES, "use sudo");
    EXPECT_STREQ(denied.what(), "open /mnt: Permission denied; use sudo");
    EXPECT_EQ(denied.code(), ExitCode::no_permission);
    EXPECT_EQ(system_failure("open /mnt", EROFS).code(), ExitCode::no_permission);
    EXPECT_EQ(system_failure("open /mnt", EIO).code(), ExitCode::failed);
}

}  // namespace
}  // namespace tools
