// hugepage-file-init where nodes differ.

#include "tests/vm/vm.h"

#include <numeric>

namespace tests {
namespace {

using testing::HasSubstr;

class FileInit : public Vm {
  protected:
    // Of each node.
    [[nodiscard]] std::vector<int> free_pages() const {
        std::vector<int> pages;
        for (const int node : all_nodes()) {
            pages.push_back(std::stoi(read_file("/sys/devices/system/node/node" + std::to_string(node) +
                                                "/hugepages/hugepages-" +
                                                std::to_string(page_bytes() / 1024) + "kB/free_hugepages")));
        }
        return pages;
    }
    void expect_nothing_made(const Outcome& outcome) const {
        EXPECT_NE(outcome.exit_status, 0);
        EXPECT_EQ(outcome.signal, 0);
        EXPECT_THAT(outcome.err, HasSubstr("node 0"));
        EXPECT_TRUE(!std::filesystem::exists(folder_of(0)) || std::filesystem::is_empty(folder_of(0)));
        EXPECT_EQ(free_pages(), before_);
    }
    // A file of all pages of node 0.
    [[nodiscard]] Outcome make_whole(const std::vector<std::string>& before = {}) const {
        return file_init(0, 1, static_cast<std::uint64_t>(before_.at(0)), before);
    }

    const std::vector<int> before_ = free_pages();
};

TEST_F(FileInit, TakesEachNodesPagesFromThatNodeHoweverManyTheOthersHave) {
    auto expected = before_;
    EXPECT_TRUE(make_whole().ok());
    expected.at(0) = 0;
    EXPECT_EQ(free_pages(), expected);
    EXPECT_TRUE(file_init(1, 2, static_cast<std::uint64_t>(before_.at(1) / 2)).ok());
    expected.at(1) %= 2;
    EXPECT_EQ(free_pages(), expected);
}

TEST_F(FileInit, TakesNothingFromOtherNodesWhenItsOwnHasTooFew) {
    ASSERT_GE(before_.at(1), 1);
    expect_nothing_made(file_init(0, before_.at(0) + 1, 1));
}

// A control group's limit shows as a node without pages does: at the touch of one.
TEST_F(FileInit, TakesNothingFromOtherNodesWhenItsOwnRunsDryHalfWay) {
    const std::string limit = std::to_string(static_cast<std::uint64_t>(before_.at(0) / 2) * page_bytes());
    const std::string script =
        "echo +hugetlb >/sys/fs/cgroup/cgroup.subtree_control; mkdir -p /sys/fs/cgroup/few; "
        "cd /sys/fs/cgroup/few; echo $$ >cgroup.procs; echo " +
        limit + (is_small() ? " >hugetlb.2MB.max" : " >hugetlb.1GB.max") + "; exec \"$@\"";
    const auto outcome = make_whole({"/bin/sh", "-c", script, "sh"});
    expect_nothing_made(outcome);
    EXPECT_THAT(outcome.err, HasSubstr("node 0 ran out of"));
}

// Pages that are free on the node, but of which the machine has promised somebody some.
TEST_F(FileInit, LeavesNothingWhenFreePagesTurnOutToBeSetAside) {
    const int elsewhere = std::accumulate(before_.begin() + 1, before_.end(), 0);
    ChildProcess owner(
        {CLIENT, "reserve", std::to_string(static_cast<std::uint64_t>(elsewhere + 1) * page_bytes()),
         std::to_string(page_bytes())},
        {});
    ASSERT_TRUE(owner.wait_for("holding")) << owner.out();
    expect_nothing_made(make_whole());
    owner.close_stdin();
    EXPECT_TRUE(owner.wait().ok());
    EXPECT_TRUE(make_whole().ok());
}

}  // namespace
}  // namespace tests
