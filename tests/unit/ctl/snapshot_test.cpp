#include "tools/pool/snapshot.h"

#include "tests/support/lease_of.h"
#include "tests/support/pool_fixture.h"
#include "tools/common/failure.h"
#include "tools/pool/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

namespace ctl {
namespace {

constexpr std::uint64_t kBytes = 256 << 10;

class PoolFiles : public testing::Test {
  protected:
    void SetUp() override {
        if (!pool_.missing().empty()) {
            GTEST_SKIP() << pool_.missing();
        }
    }

    [[nodiscard]] PoolChoice choice() const {
        return {*hugepage::FilePattern::in_folder(pool_.path().string()), "test"};
    }
    // The one with that name, of a survey of now.
    [[nodiscard]] MemoryFile look(const std::string& name) const {
        std::vector<Pool> pools = {read_pool(choice())};
        find_holders(pools);
        for (const MemoryFile& file : pools[0].files) {
            if (file.name == name) {
                return file;
            }
        }
        ADD_FAILURE() << "no " << name;
        return {};
    }
    [[nodiscard]] std::string reason(const std::string& name) const {
        const auto file = look(name);
        return file.refusal ? std::string(name_of(file.refusal->reason)) + ": " + file.refusal->why : "";
    }

    tests::Pool pool_{tests::kTmpfs};
};

TEST_F(PoolFiles, HasEachFileWithItsFacts) {
    static_cast<void>(pool_.add("b", kBytes, 0));
    static_cast<void>(pool_.add("a", kBytes, 0));
    static_cast<void>(pool_.add("small", tests::kTmpfs.page_bytes, 0));
    static_cast<void>(pool_.add(".hidden", kBytes, 0));
    static_cast<void>(pool_.add("z", kBytes, 10));
    std::filesystem::create_directories(pool_.path() / "numa_0" / "folder");
    std::filesystem::create_directories(pool_.path() / "numa_x");
    std::vector<std::string> names;
    const auto pool = read_pool(choice());
    for (const MemoryFile& file : pool.files) {
        names.push_back(file.name);
        EXPECT_FALSE(file.refusal) << file.name;
        EXPECT_EQ(judge(file, pool).state, "free");
        EXPECT_EQ(file.allocated, file.size);
        EXPECT_EQ(file.mode, 0600);
        EXPECT_EQ(file.owner, ::geteuid());
        EXPECT_EQ(file.file_system.page_size.bytes, tests::kTmpfs.page_bytes);
        EXPECT_TRUE(file.has_all_pages());
    }
    EXPECT_THAT(names, testing::ElementsAre("numa_0/small", "numa_0/a", "numa_0/b", "numa_10/z"));
}

TEST_F(PoolFiles, SaysWhatTheShimWouldSay) {
    static_cast<void>(pool_.add_sparse("sparse", kBytes));
    EXPECT_EQ(reason("numa_0/sparse"), "not_populated: it has holes; create it anew with hugepage-file-init");
    EXPECT_FALSE(look("numa_0/sparse").has_all_pages());
    const auto open = pool_.add("open", kBytes);
    ASSERT_EQ(::chmod(open.c_str(), 0604), 0);
    EXPECT_EQ(reason("numa_0/open"), "insecure: everybody may open it; chmod o=");
    std::filesystem::create_symlink("/etc/passwd", pool_.path() / "numa_0" / "link");
    EXPECT_EQ(reason("numa_0/link"), "insecure: it is a symbolic link");
    ASSERT_EQ(::mkfifo((pool_.path() / "numa_0" / "fifo").c_str(), 0600), 0);
    EXPECT_EQ(reason("numa_0/fifo"), "insecure: it is no regular file");
    std::ofstream(pool_.path() / "numa_0" / "empty").close();
    EXPECT_EQ(reason("numa_0/empty"), "no_file_for_size: it is empty");
    static_cast<void>(pool_.add("odd", 5000));
    EXPECT_EQ(reason("numa_0/odd"), "map_failed: its size is no multiple of the page size");
    EXPECT_EQ(judge(look("numa_0/odd"), {}).state, "unusable");
}

TEST_F(PoolFiles, CountsASecondNameOfAFileOnce) {
    const auto file = pool_.add("a", kBytes);
    std::filesystem::create_hard_link(file, file.parent_path() / "b");
    EXPECT_EQ(reason("numa_0/a"), "");
    EXPECT_EQ(reason("numa_0/b"), "no_file_for_size: it is another name of a file in this folder");
}

TEST_F(PoolFiles, JudgesAsTheFilesUserWhereRootAsks) {
    constexpr uid_t kSealer = 12345;
    const auto first = pool_.add("a", kBytes);
    if (::chown(first.c_str(), kSealer, 0) != 0) {
        GTEST_SKIP() << "needs root";
    }
    const auto second = pool_.add("b", kBytes);
    ASSERT_EQ(::chown(second.c_str(), kSealer, 0), 0);
    const auto foreign = pool_.add("c", kBytes);
    ASSERT_EQ(::chown(foreign.c_str(), kSealer + 1, 0), 0);
    const auto unreadable = pool_.add("d", kBytes);
    ASSERT_EQ(::chown(unreadable.c_str(), kSealer, 0), 0);
    ASSERT_EQ(::chmod(unreadable.c_str(), 0400), 0);
    static_cast<void>(pool_.add("e", kBytes));  // root's, 0600
    EXPECT_EQ(read_pool(choice()).user.id, kSealer);
    EXPECT_EQ(reason("numa_0/a"), "");
    EXPECT_THAT(reason("numa_0/c"), testing::HasSubstr("belongs to another user"));
    EXPECT_EQ(reason("numa_0/d"), "permission: open");
    EXPECT_EQ(reason("numa_0/e"), "permission: open");
}

// As setup by root leaves it under a closed folder: all seems well to root.
TEST_F(PoolFiles, FindsAFolderThatTheFilesUserCantReach) {
    constexpr uid_t kSealer = 12345;
    const auto file = pool_.add("a", kBytes);
    if (::geteuid() != 0 || ::chown(file.c_str(), kSealer, 0) != 0) {
        GTEST_SKIP() << "needs root";
    }
    std::filesystem::permissions(pool_.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(pool_.path() / "numa_0", std::filesystem::perms(0755));
    EXPECT_TRUE(read_pool(choice()).closed.empty());
    std::filesystem::permissions(pool_.path(), std::filesystem::perms(0700));
    const auto closed = read_pool(choice()).closed;
    ASSERT_EQ(closed.size(), 1);
    EXPECT_EQ(closed[0].path, pool_.path());
    std::filesystem::permissions(pool_.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(pool_.path() / "numa_0", std::filesystem::perms(0711));  // can't be listed
    EXPECT_EQ(read_pool(choice()).closed.at(0).path, pool_.path() / "numa_0");
}

// Its mode has no right for others, and is all that a look at its facts tells.
TEST_F(PoolFiles, CallsNoFolderClosedThatAnAccessListMayOpen) {
    struct Entry {
        std::uint16_t tag;
        std::uint16_t rights;
        std::uint32_t user;
    };
    constexpr std::uint32_t kNobody = ~0U;
    constexpr uid_t kSealer = 12345;
    // As setfacl -m u:12345:rx writes it: owner, that user, group, mask, others.
    const struct {
        std::uint32_t version = 2;
        Entry entries[5] = {
            {1, 7, kNobody}, {2, 5, kSealer}, {4, 0, kNobody}, {16, 5, kNobody}, {32, 0, kNobody}};
    } list;
    const auto file = pool_.add("a", kBytes);
    if (::geteuid() != 0 || ::chown(file.c_str(), kSealer, 0) != 0) {
        GTEST_SKIP() << "needs root";
    }
    std::filesystem::permissions(pool_.path(), std::filesystem::perms(0700));
    EXPECT_EQ(read_pool(choice()).closed.size(), 1);
    if (::setxattr(pool_.path().c_str(), "system.posix_acl_access", &list, sizeof list, 0) != 0) {
        GTEST_SKIP() << "needs a file system with access control lists";
    }
    std::filesystem::permissions(pool_.path() / "numa_0", std::filesystem::perms(0755));
    EXPECT_TRUE(read_pool(choice()).closed.empty());
}

TEST_F(PoolFiles, MayBeHeldUnseenOutsideThePidNamespace) {
    static_cast<void>(pool_.add("a", kBytes));
    const tests::TempDir root;
    static_cast<void>(root.write("proc/locks", ""));
    std::filesystem::create_directories(root.path() / "proc/self/ns");
    std::vector<Pool> pools = {read_pool(choice())};
    const auto in_namespace = [&](const char* name) {
        std::filesystem::remove(root.path() / "proc/self/ns/pid");
        std::filesystem::create_symlink(name, root.path() / "proc/self/ns/pid");
        find_holders(pools, Root::in(root.path().string()));
        return pools[0].sees_holders;
    };
    EXPECT_TRUE(in_namespace("pid:[4026531836]"));
    EXPECT_FALSE(in_namespace("pid:[4026532201]"));
    EXPECT_EQ(judge(pools[0].files[0], pools[0]).state, "unknown");
}

TEST(User, MayWhatItsModeBitsSay) {
    const User user{12345, {7}};
    const auto may = [&](uid_t owner, gid_t group, mode_t mode) {
        return user.may(owner, group, mode, R_OK | W_OK);
    };
    EXPECT_TRUE(may(12345, 0, 0600));
    EXPECT_FALSE(may(12345, 7, 0466));
    EXPECT_TRUE(may(0, 7, 0660));
    EXPECT_FALSE(may(0, 7, 0606));
    EXPECT_TRUE(may(0, 0, 0006));
    EXPECT_FALSE(may(0, 0, 0660));
    EXPECT_TRUE((User{0, {}}.may(7, 7, 0, R_OK)));
}

TEST_F(PoolFiles, NamesWhoHoldsAFile) {
    const auto path = pool_.add("a", kBytes);
    static_cast<void>(pool_.add("b", kBytes));
    const auto lease = tests::lease_of(path.c_str(), ByteSize{kBytes});
    ASSERT_TRUE(lease);
    const auto held = look("numa_0/a");
    ASSERT_EQ(held.holders.size(), 1);
    EXPECT_EQ(held.holders[0].pid, ::getpid());
    EXPECT_TRUE(held.is_leased());
    EXPECT_FALSE(look("numa_0/b").is_leased());
}

TEST_F(PoolFiles, TakesNoLockAndKeepsNone) {
    const auto path = pool_.add("a", kBytes);
    auto pool = read_pool(choice());
    const auto lease = tests::lease_of(path.c_str(), ByteSize{kBytes});
    ASSERT_TRUE(lease);
    look_at_pages(pool);
    EXPECT_TRUE(pool.files[0].placement);
    EXPECT_TRUE(tests::is_leased(path));
}

TEST_F(PoolFiles, DoesNotTakeOurOwnLookForALease) {
    MemoryFile file;
    file.holders = {{.pid = 1, .command = "hugepagectl", .mapped_at = {0x7f0000000000}}};
    EXPECT_FALSE(file.is_leased());
    file.holders[0].has_locked = true;
    EXPECT_TRUE(file.is_leased());
}

TEST_F(PoolFiles, FailsWhereThereIsNoPool) {
    EXPECT_THROW(static_cast<void>(read_pool({*hugepage::FilePattern::in_folder("/nonexistent"), "test"})),
                 tools::Failure);
    EXPECT_THROW(static_cast<void>(read_pool(choice())), tools::Failure);  // no folder numa_<N> in it
}

TEST_F(PoolFiles, LooksAtASampleAndAtAllPages) {
    static_cast<void>(pool_.add("a", kBytes));
    auto pool = read_pool(choice());
    look_at_pages(pool, 8);
    ASSERT_TRUE(pool.files[0].placement);
    EXPECT_EQ(pool.files[0].placement->checked, 8);
    EXPECT_EQ(pool.files[0].placement->absent, 0);
    std::uint64_t advanced = 0;
    look_at_pages(pool, kAllPages, [&](std::uint64_t bytes) { advanced += bytes; });
    EXPECT_EQ(pool.files[0].placement->checked, kBytes / tests::kTmpfs.page_bytes);
    EXPECT_EQ(pool.files[0].placement->absent, 0);
    EXPECT_EQ(advanced, kBytes);
}

TEST_F(PoolFiles, DoesNotFillHolesOfAFileThatWasCutMeanwhile) {
    const auto path = pool_.add("a", kBytes);
    auto pool = read_pool(choice());
    ASSERT_EQ(::truncate(path.c_str(), 0), 0);
    ASSERT_EQ(::truncate(path.c_str(), kBytes), 0);
    look_at_pages(pool);
    EXPECT_EQ(pool.files[0].pages_error, ESTALE);
    struct stat facts {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_blocks, 0);
}

}  // namespace
}  // namespace ctl
