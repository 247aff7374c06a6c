// setup where the kernel gives fewer pages than asked: the real one, except for a limit on what it may be
// asked.
#include "tests/cli/ctl/machine.h"
#include "tools/common/failure.h"
#include "tools/pool/setup.h"

#include <algorithm>

namespace tests {
namespace {

using ctl::k2MiB;
using pool::NodeId;

class ShortageTest : public CtlTest {
  protected:
    // Files that each need all free pages and eight more.
    [[nodiscard]] pool::Request request_of(std::size_t files) const {
        pool::Request request;
        request.shares = {{NodeId{0}, files}};
        request.page_size = k2MiB;
        request.size = {(count_of("free_hugepages") + 8) * k2MiB.bytes};
        request.pattern = pool::pattern_of(place(), "");
        return request;
    }
    // Of at most so many pages more than there are.
    [[nodiscard]] pool::PageControl limited(std::uint64_t more) {
        auto control = pool::page_control(interrupts_);
        const std::uint64_t most = control.counts(NodeId{0}, k2MiB).reserved() + more;
        control.set = [=, set = control.set](NodeId node, pool::ByteSize size, std::uint64_t reserved) {
            set(node, size, std::min(reserved, most));
        };
        control.set_bound = [](auto...) { return false; };
        control.compact = [](NodeId) {};
        control.pause = [] {};
        return control;
    }
    [[nodiscard]] pool::Plan set_up(const pool::Request& request, const pool::PageControl& control,
                                    std::chrono::seconds timeout = {}) {
        std::filesystem::create_directories(kRun);
        pool::Ledger ledger(kRun, pool::boot_id());
        pool::Work work{control, interrupts_, ledger, std::chrono::steady_clock::now() + timeout};
        auto plan = pool::make_plan(request, pool::look_at_machine(request), pool::Purpose::set_up);
        pool::set_up(plan, work);
        return plan;
    }

    tools::Interrupts interrupts_;
};

// Others may change the counts in between; what is wrong each time is wrong.
constexpr int kTries = 5;

TEST_F(ShortageTest, MakesAsManyWholeFilesAsThereArePagesFor) {
    bool is_right = false;
    for (int i = 0; i < kTries && !is_right; ++i) {
        const std::uint64_t before = reserved_pages();
        const auto report = set_up(request_of(3), limited(13));
        ASSERT_EQ(report.nodes.size(), 1);
        const auto& node = report.nodes[0];
        is_right = !report.is_complete() && !report.is_undone && node.created.size() == 1 && node.got == 13 &&
                   node.given_back == 5 && reserved_pages() == before + 8;
        EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
        expect_nothing_left();
    }
    EXPECT_TRUE(is_right);
}

TEST_F(ShortageTest, LeavesNothingIfNoWholeFileCanBeMade) {
    bool is_right = false;
    for (int i = 0; i < kTries && !is_right; ++i) {
        const std::uint64_t before = reserved_pages();
        const auto report = set_up(request_of(1), limited(5));
        is_right = report.is_undone && report.nodes[0].got == 5 && reserved_pages() == before;
        EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
        expect_nothing_left();
    }
    EXPECT_TRUE(is_right);
}

TEST_F(ShortageTest, LeavesNothingAfterAFailure) {
    bool is_right = false;
    for (int i = 0; i < kTries && !is_right; ++i) {
        const std::uint64_t before = reserved_pages();
        auto control = limited(5);
        control.pause = [] { throw tools::Failure(tools::ExitCode::failed, "as if"); };
        EXPECT_THROW(static_cast<void>(set_up(request_of(1), control, std::chrono::seconds(60))),
                     tools::Failure);
        EXPECT_TRUE(pool::Ledger(kRun, pool::boot_id()).record.empty());
        is_right = reserved_pages() == before;
        EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
        expect_nothing_left();
    }
    EXPECT_TRUE(is_right);
}

}  // namespace
}  // namespace tests
