#include "tools/pool/pages.h"

#include "tests/support/temp_dir.h"
#include "tests/unit/pool/machine.h"

#include <gmock/gmock.h>

namespace pool {
namespace {

constexpr NodeId kNode{1};

class Reserve : public testing::Test {
  protected:
    // Tries that often before it is late.
    Reserving run(ByteSize size, std::uint64_t pages, int tries = 3) {
        int left = tries;
        return reserve(
            kNode, size, pages, kernel_.control(), ledger_, [&] { return --left < 0; },
            [&](std::uint64_t got) { told_.push_back(got); });
    }
    [[nodiscard]] std::uint64_t recorded(ByteSize size) {
        return Ledger(folder_.path(), "boot").record.pages_of(kNode, size).added;
    }

    tests::TempDir folder_;
    FakeKernel kernel_;
    Ledger ledger_{folder_.path(), "boot"};
    std::vector<std::uint64_t> told_;
};

TEST_F(Reserve, AddsToWhatIsThereInBatches) {
    kernel_.of(kNode, k2MiB) = {k2MiB, 100, 20, 30};
    kernel_.room = 5000;
    const auto result = run(k2MiB, 1100);
    EXPECT_EQ(result.got, 1100);
    EXPECT_EQ(kernel_.of(kNode, k2MiB).total, 1200);
    EXPECT_EQ(recorded(k2MiB), 1100);
    EXPECT_THAT(told_, testing::ElementsAre(512, 1024, 1100));
    EXPECT_EQ(kernel_.compactions, 0);
}

TEST_F(Reserve, CompactsAndTriesAgainUntilItIsLate) {
    kernel_.room = 10;
    const auto result = run(k2MiB, 30);
    EXPECT_EQ(result.got, 10);
    EXPECT_EQ(recorded(k2MiB), 10);
    EXPECT_TRUE(result.has_compacted);
    EXPECT_EQ(kernel_.compactions, 3);
    EXPECT_EQ(kernel_.pauses, 3);
    EXPECT_EQ(kernel_.dropped, 0) << "2 MiB pages are not worth the caches";
}

TEST_F(Reserve, DropsCachesOnceForLargePages) {
    kernel_.room = 1;
    const auto result = run(k1GiB, 3);
    EXPECT_EQ(result.got, 1);
    EXPECT_TRUE(result.has_dropped_caches);
    EXPECT_EQ(kernel_.dropped, 1);
}

TEST_F(Reserve, GoesOnWhenMemoryComesFree) {
    kernel_.room = 10;
    auto control = kernel_.control();
    control.pause = [&] { kernel_.room += 15; };
    const auto result = reserve(
        kNode, k2MiB, 30, control, ledger_, [] { return false; }, [](auto) {});
    EXPECT_EQ(result.got, 30);
}

TEST_F(Reserve, LeavesATrueRecordWhenItIsInterrupted) {
    kernel_.room = 10;
    auto control = kernel_.control();
    control.pause = [] { throw tools::Interrupted(2); };
    EXPECT_THROW(static_cast<void>(reserve(
                     kNode, k2MiB, 30, control, ledger_, [] { return false; }, [](auto) {})),
                 tools::Interrupted);
    EXPECT_EQ(recorded(k2MiB), 10);
}

TEST_F(Reserve, HasEnteredTheChangeBeforeItIsMade) {
    kernel_.of(kNode, k2MiB) = {k2MiB, 100, 20, 30};
    bool is_entered = false;
    kernel_.before_set = [&] {
        const auto entry = Ledger(folder_.path(), "boot").record.pages_of(kNode, k2MiB);
        is_entered = entry.under_way == PagesAdded::Change{70, 75};
    };
    static_cast<void>(run(k2MiB, 5));
    EXPECT_TRUE(is_entered);
}

// As after SIGKILL: nothing of the process runs any more, and another one reads the record.
TEST_F(Reserve, IsKnownByTheRecordWhenKilledAfterTheChange) {
    kernel_.room = 4;
    std::optional<Record> seen;
    kernel_.after_set = [&] { seen = Ledger(folder_.path(), "boot").record; };
    static_cast<void>(run(k2MiB, 6, 0));
    ASSERT_TRUE(seen);
    ledger_.record = *seen;
    settle_pages(ledger_.record, kernel_.control());
    ledger_.save();
    EXPECT_EQ(recorded(k2MiB), 4);
    change_pages(kNode, k2MiB, -4, kernel_.control(), ledger_);
    EXPECT_EQ(kernel_.of(kNode, k2MiB).total, 0);
    EXPECT_FALSE(std::filesystem::exists(folder_.path() / "record.json"));
}

TEST_F(Reserve, LeavesOthersPagesThatCameMeanwhile) {
    static_cast<void>(run(k2MiB, 5));
    kernel_.of(kNode, k2MiB).total += 8;
    kernel_.of(kNode, k2MiB).free += 8;
    change_pages(kNode, k2MiB, -5, kernel_.control(), ledger_);
    EXPECT_EQ(kernel_.of(kNode, k2MiB).total, 8);
}

TEST_F(Reserve, IsForgottenWhereSomebodyHasGivenItBack) {
    static_cast<void>(run(k2MiB, 5));
    kernel_.of(kNode, k2MiB) = {k2MiB, 2, 2, 0};
    settle_pages(ledger_.record, kernel_.control());
    ledger_.save();
    EXPECT_EQ(recorded(k2MiB), 2);
}

// 64 pages on the other node are surplus, as after an older vm.nr_hugepages was set.
class Surplus : public Reserve {
  protected:
    Surplus() {
        kernel_.of(NodeId{0}, k2MiB) = {k2MiB, 64, 0, 64};
        kernel_.adds_surplus = true;
    }
};

TEST_F(Surplus, OfAnotherNodeIsNotAdded) {
    EXPECT_EQ(run(k2MiB, 32).got, 32);
    EXPECT_EQ(kernel_.of(kNode, k2MiB).total, 32);
    EXPECT_EQ(recorded(k2MiB), 32);
    change_pages(kNode, k2MiB, -32, kernel_.control(), ledger_);
    EXPECT_EQ(kernel_.of(kNode, k2MiB).total, 0);
}

TEST_F(Surplus, IsGivenBackWhereTheCountCannotBeBound) {
    kernel_.can_be_bound = false;
    EXPECT_EQ(run(k2MiB, 100).got, 100);
    EXPECT_EQ(kernel_.of(kNode, k2MiB).total, 100);
    EXPECT_EQ(recorded(k2MiB), 100);
}

TEST_F(Surplus, IsRecordedWhereItCannotBeGivenBack) {
    kernel_.can_be_bound = false;
    EXPECT_EQ(run(k2MiB, 32).got, 32);
    EXPECT_EQ(kernel_.of(kNode, k2MiB).total, 64);
    EXPECT_EQ(recorded(k2MiB), 64);
}

TEST(PageControl, WritesTheNodesOwnCount) {
    const tests::TempDir sysfs;
    const std::string count = "devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages";
    const std::string whole = "kernel/mm/hugepages/hugepages-2048kB/nr_hugepages";
    sysfs.write(count, "0");
    sysfs.write(whole, "0");
    const tools::Interrupts interrupts;
    const auto control = page_control(interrupts, sysfs.path(), sysfs.path());
    control.set(NodeId{1}, k2MiB, 12);
    EXPECT_EQ(tests::read_file(sysfs.path() / count), "12");
    EXPECT_EQ(tests::read_file(sysfs.path() / whole), "0");
    EXPECT_EQ(count_file(sysfs.path(), k2MiB, NodeId{0}), sysfs.path() / whole) << "without NUMA";
}

}  // namespace
}  // namespace pool
