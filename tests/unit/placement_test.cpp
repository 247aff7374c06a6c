#include "shim/base/topology.h"

#include <gtest/gtest.h>

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace hugepage {
namespace {

constexpr std::size_t kPlacedPage = 4096;
constexpr std::size_t kPlacedPages = 300;

class PlacementTest : public testing::Test {
  protected:
    void SetUp() override {
        memory_ = ::mmap(nullptr, kPlacedPages * kPlacedPage, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(memory_, MAP_FAILED);
        ASSERT_EQ(::madvise(memory_, kPlacedPages * kPlacedPage, MADV_NOHUGEPAGE), 0);
    }
    void TearDown() override { ::munmap(memory_, kPlacedPages * kPlacedPage); }

    [[nodiscard]] Result<Placement> ask(NodeId node, std::size_t most) const {
        return placement_of(memory_, kPlacedPages * kPlacedPage, ByteSize{kPlacedPage}, node, most);
    }

    [[nodiscard]] NodeId node_of_first_page() const {
        int node = -1;
        ::syscall(SYS_get_mempolicy, &node, nullptr, 0, memory_, MPOL_F_NODE | MPOL_F_ADDR);
        return NodeId{node};
    }

    void* memory_ = nullptr;
};

TEST_F(PlacementTest, CountsPagesWhereTheyAre) {
    std::memset(memory_, 1, kPlacedPages * kPlacedPage);
    const NodeId here = node_of_first_page();
    const auto all = ask(here, kPlacedPages);
    ASSERT_TRUE(all);
    EXPECT_EQ(all.value().checked, kPlacedPages);
    EXPECT_EQ(all.value().absent, 0U);
    EXPECT_EQ(all.value().elsewhere, 0U);
    EXPECT_FALSE(all.value().mostly_elsewhere());

    const auto wrong = ask(NodeId{here.value + 1}, kPlacedPages);
    EXPECT_EQ(wrong.value().elsewhere, kPlacedPages);
    EXPECT_EQ(wrong.value().other, here);
    EXPECT_TRUE(wrong.value().mostly_elsewhere());
}

TEST_F(PlacementTest, SamplesEvenlyFromTheFirstPageToTheLast) {
    static_cast<char*>(memory_)[0] = 1;
    static_cast<char*>(memory_)[(kPlacedPages - 1) * kPlacedPage] = 1;
    ASSERT_EQ(
        ::mprotect(static_cast<char*>(memory_) + kPlacedPage, (kPlacedPages - 2) * kPlacedPage, PROT_NONE),
        0);
    const auto sample = ask(node_of_first_page(), 2);
    ASSERT_TRUE(sample);
    EXPECT_EQ(sample.value().checked, 2U);
    EXPECT_EQ(sample.value().absent, 0U);
    EXPECT_EQ(ask(node_of_first_page(), 3).value().absent, 1U);
    EXPECT_EQ(ask(node_of_first_page(), 1).value().absent, 0U);
}

TEST_F(PlacementTest, CountsPagesThatCannotBeReadIn) {
    ASSERT_EQ(::mprotect(memory_, kPlacedPages * kPlacedPage, PROT_NONE), 0);
    EXPECT_EQ(ask(NodeId{0}, kPlacedPages).value().absent, kPlacedPages);
}

}  // namespace
}  // namespace hugepage
