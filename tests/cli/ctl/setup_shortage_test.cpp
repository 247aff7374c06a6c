// setup where the kernel gives fewer pages than asked: the real one, but for a limit on what it may be asked.
#include "tests/cli/ctl/machine.h"
#include "tools/common/failure.h"
#include "tools/ctl/setup/pool_place.h"
#include "tools/ctl/setup/setup.h"

#include <algorithm>

namespace tests {
namespace {

using ctl::k2MiB;
using ctl::NodeId;

class ShortageTest : public CtlTest {
  protected:
    // Files that each need all free pages and eight more.
    [[nodiscard]] ctl::SetupRequest request_of(std::size_t files) const {
        ctl::SetupRequest request;
        request.shares = {{NodeId{0}, files}};
        request.page_size = k2MiB;
        request.files.size = {(count_of("free_hugepages") + 8) * k2MiB.bytes};
        request.files.size_as_typed = "some";
        const auto where = ctl::pool_place(place(), "");
        request.files.pattern = where.pattern;
        request.place = where.folder;
        request.where = where.option;
        return request;
    }
    // Of at most so many pages more than there are.
    [[nodiscard]] ctl::PageControl limited(std::uint64_t more) {
        auto control = ctl::page_control(interrupts_);
        const std::uint64_t most = control.counts(NodeId{0}, k2MiB).reserved() + more;
        control.set = [=, set = control.set](NodeId node, ctl::ByteSize size, std::uint64_t reserved) {
            set(node, size, std::min(reserved, most));
        };
        control.compact = [](NodeId) {};
        control.pause = [] {};
        return control;
    }
    [[nodiscard]] ctl::SetupReport set_up(const ctl::SetupRequest& request, const ctl::PageControl& control) {
        std::filesystem::create_directories(kRun);
        ctl::Ledger ledger(kRun, ctl::boot_id("/proc"));
        return ctl::carry_out(request, ctl::make_setup_plan(request, ctl::look_at_machine(request)),
                              std::chrono::seconds(0), control, ledger, interrupts_);
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
        is_right = !report.is_complete() && !report.is_undone && node.created.size() == 1 &&
                   node.pages_got == 13 && node.pages_given_back == 5 && reserved_pages() == before + 8;
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
        is_right = report.is_undone && report.nodes[0].pages_got == 5 && reserved_pages() == before;
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
        const auto request = request_of(1);
        std::filesystem::create_directories(kRun);
        ctl::Ledger ledger(kRun, ctl::boot_id("/proc"));
        EXPECT_THROW(static_cast<void>(
                         ctl::carry_out(request, ctl::make_setup_plan(request, ctl::look_at_machine(request)),
                                        std::chrono::seconds(60), control, ledger, interrupts_)),
                     tools::Failure);
        EXPECT_TRUE(ledger.record.empty());
        is_right = reserved_pages() == before;
        EXPECT_EQ(hugepagectl({"remove"}).exit_status, 0);
        expect_nothing_left();
    }
    EXPECT_TRUE(is_right);
}

}  // namespace
}  // namespace tests
