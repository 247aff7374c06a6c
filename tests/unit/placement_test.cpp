#include "shim/core/placement.h"

#include <gtest/gtest.h>

#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstring>

namespace hugepage {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPages = 300;

class PlacementTest : public testing::Test {
  protected:
    void SetUp() override {
        memory_ = ::mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(memory_, MAP_FAILED);
        ASSERT_EQ(::madvise(memory_, kPages * kPage, MADV_NOHUGEPAGE), 0);
    }
    void TearDown() override { ::munmap(memory_, kPages * kPage); }

    [[nodiscard]] Result<Placement> ask(NodeId node, std::size_t most) const {
        return placement_of(memory_, kPages * kPage, ByteSize{kPage}, node, most);
    }

    [[nodiscard]] NodeId node_of_first_page() const {
        int node = -1;
        ::syscall(SYS_get_mempolicy, &node, nullptr, 0, memory_, MPOL_F_NODE | MPOL_F_ADDR);
        return NodeId{node};
    }

    void* memory_ = nullptr;
};

TEST_F(PlacementTest, CountsPagesWhereTheyAre) {
    std::memset(memory_, 1, kPages * kPage);
    const NodeId here = node_of_first_page();
    const auto all = ask(here, kPages);
    ASSERT_TRUE(all);
    EXPECT_EQ(all.value().checked, kPages);
    EXPECT_EQ(all.value().absent, 0U);
    EXPECT_EQ(all.value().elsewhere, 0U);
    EXPECT_FALSE(all.value().mostly_elsewhere());

    const auto wrong = ask(NodeId{here.value + 1}, kPages);
    EXPECT_EQ(wrong.value().elsewhere, kPages);
    EXPECT_EQ(wrong.value().other, here);
    EXPECT_TRUE(wrong.value().mostly_elsewhere());
}

TEST_F(PlacementTest, SamplesEvenlyFromTheFirstPageToTheLast) {
    static_cast<char*>(memory_)[0] = 1;
    static_cast<char*>(memory_)[(kPages - 1) * kPage] = 1;
    const auto sample = ask(node_of_first_page(), 2);
    ASSERT_TRUE(sample);
    EXPECT_EQ(sample.value().checked, 2U);
    EXPECT_EQ(sample.value().absent, 0U);
    EXPECT_EQ(ask(node_of_first_page(), 3).value().absent, 1U);
    EXPECT_EQ(ask(node_of_first_page(), 1).value().absent, 0U);
}

TEST_F(PlacementTest, CountsPagesThatAreNotThere) {
    EXPECT_EQ(ask(NodeId{0}, kPages).value().absent, kPages);
}

}  // namespace
}  // namespace hugepage
