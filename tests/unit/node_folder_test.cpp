#include "shim/base/file_pattern.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

namespace hugepage {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

class NodeFolderTest : public testing::Test {
  protected:
    [[nodiscard]] std::string at(const std::string& name) const { return (dir_.path() / name).string(); }

    static std::vector<std::string> names(const NodeFolder& folder) {
        std::vector<std::string> found;
        EXPECT_TRUE(folder.opened());
        for (int round = 0; round < 2; ++round) {
            found.clear();
            EXPECT_TRUE(folder.for_each_name_until([&](const char* name) {
                found.emplace_back(name);
                return false;
            }));
        }
        return found;
    }

    tests::TempDir dir_;
};

TEST_F(NodeFolderTest, ListsAllNamesThatDoNotBeginWithADot) {
    dir_.write("numa_0/a", "");
    dir_.write("numa_0/.hidden", "");
    dir_.write("numa_0/b.c", "");
    EXPECT_THAT(names(NodeFolder(at("numa_0"))), UnorderedElementsAre("a", "b.c"));
    EXPECT_THAT(names(NodeFolder(at("numa_0//"))), UnorderedElementsAre("a", "b.c"));
}

TEST_F(NodeFolderTest, StopsWhereItIsTold) {
    dir_.write("numa_0/a", "");
    dir_.write("numa_0/b", "");
    int seen = 0;
    EXPECT_TRUE(NodeFolder(at("numa_0")).for_each_name_until([&](const char*) { return ++seen == 1; }));
    EXPECT_EQ(seen, 1);
}

TEST_F(NodeFolderTest, ListsThousandsOfNames) {
    for (int i = 0; i < 5000; ++i) {
        dir_.write("numa_0/" + std::to_string(i), "");
    }
    EXPECT_EQ(names(NodeFolder(at("numa_0"))).size(), 5000U);
}

TEST_F(NodeFolderTest, OfAFileIsItsFolderWithThisFileAlone) {
    dir_.write("buffer-0", "");
    dir_.write("buffer-1", "");
    const NodeFolder folder(at("buffer-0"));
    EXPECT_THAT(names(folder), ElementsAre("buffer-0"));
    EXPECT_EQ(folder.path(), dir_.path().string());
    EXPECT_STREQ(folder.only_name(), "buffer-0");
}

TEST_F(NodeFolderTest, IsNoLink) {
    dir_.write("real/a", "");
    std::filesystem::create_directory_symlink("real", at("numa_0"));
    for (const char* name : {"numa_0", "numa_0/", "numa_0/a"}) {
        EXPECT_EQ(NodeFolder(at(name)).opened().error().code, ELOOP) << name;
    }
}

TEST_F(NodeFolderTest, SaysWhatFailed) {
    EXPECT_EQ(NodeFolder("/nowhere/at/all").opened().error().code, ENOENT);
}

// A folder that is exchanged meanwhile changes nothing for one that is open.
TEST_F(NodeFolderTest, StaysTheFolderThatItWas) {
    dir_.write("numa_0/a", "");
    const NodeFolder folder(at("numa_0"));
    std::filesystem::rename(at("numa_0"), at("moved"));
    dir_.write("numa_0/other", "");
    EXPECT_THAT(names(folder), ElementsAre("a"));
    EXPECT_TRUE(Fd::open("a", O_RDONLY, 0, folder.fd()));
}

}  // namespace
}  // namespace hugepage
