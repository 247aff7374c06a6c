// hugepage-file-init where nodes differ.

#include "tests/vm/vm.h"

#include <fstream>

namespace tests {
namespace {

using testing::HasSubstr;

class FileInit : public Vm {
  protected:
    static std::string pages_file(int node, const std::string& name) {
        return "/sys/devices/system/node/node" + std::to_string(node) + "/hugepages/hugepages-2048kB/" + name;
    }
    static int free_pages(int node) { return std::stoi(read_file(pages_file(node, "free_hugepages"))); }
    static void reserve(int node, int pages) {
        std::ofstream(pages_file(node, "nr_hugepages")) << pages;
        ASSERT_EQ(std::stoi(read_file(pages_file(node, "nr_hugepages"))), pages);
    }
    [[nodiscard]] Outcome make(int node, int count, int pages_each) const {
        return run({FILE_INIT, "--node", std::to_string(node), "--num", std::to_string(count), "--size",
                    std::to_string(static_cast<std::uint64_t>(pages_each) * page_bytes()) + "B", "--path",
                    folder_of(0).parent_path().string()});
    }
    static bool is_empty(const std::filesystem::path& folder) {
        return !std::filesystem::exists(folder) || std::filesystem::is_empty(folder);
    }
};

TEST_F(FileInit, TakesEachNodesPagesFromThatNodeHoweverManyTheOthersHave) {
    reserve(0, 3);
    reserve(1, 60);
    EXPECT_TRUE(make(0, 1, 3).ok());
    EXPECT_EQ(free_pages(0), 0);
    EXPECT_EQ(free_pages(1), 60);
    EXPECT_TRUE(make(1, 2, 20).ok());
    EXPECT_EQ(free_pages(1), 20);
    reserve(0, 64);
    reserve(1, 64);
}

TEST_F(FileInit, TakesNothingFromOtherNodesWhenItsOwnRunsDryHalfWay) {
    reserve(0, 25);
    reserve(1, 60);
    const auto outcome = make(0, 2, 20);
    EXPECT_NE(outcome.exit_status, 0);
    EXPECT_EQ(outcome.signal, 0);
    EXPECT_THAT(outcome.err, HasSubstr("node 0"));
    EXPECT_TRUE(is_empty(folder_of(0)));
    EXPECT_EQ(free_pages(0), 25);
    EXPECT_EQ(free_pages(1), 60);
    reserve(0, 64);
    reserve(1, 64);
}

// Pages that are free on the node, but set aside for somebody who hasn't used them yet: found out half way.
TEST_F(FileInit, LeavesNothingWhenFreePagesTurnOutToBeSetAside) {
    reserve(0, 25);
    reserve(1, 60);
    ChildProcess owner({CLIENT, "reserve", std::to_string(70 * page_bytes())}, {});
    ASSERT_TRUE(owner.wait_for("holding")) << owner.out();
    const auto outcome = make(0, 1, 20);
    EXPECT_NE(outcome.exit_status, 0);
    EXPECT_EQ(outcome.signal, 0);
    EXPECT_FALSE(outcome.err.empty());
    EXPECT_TRUE(is_empty(folder_of(0)));
    EXPECT_EQ(free_pages(0), 25);
    EXPECT_EQ(free_pages(1), 60);
    owner.close_stdin();
    EXPECT_TRUE(owner.wait().ok());
    EXPECT_TRUE(make(0, 1, 20).ok());
    std::filesystem::remove_all(folder_of(0));
    reserve(0, 64);
    reserve(1, 64);
}

}  // namespace
}  // namespace tests
