// Carrying out what setup has planned, and undoing it where it can't be done.
#pragma once

#include "tools/ctl/setup/page_control.h"
#include "tools/ctl/setup/setup_plan.h"

#include <chrono>
#include <string>
#include <vector>

namespace ctl {

struct NodeOutcome {
    NodeId node;
    std::size_t wanted = 0;  // files
    std::vector<std::string> created;
    std::vector<std::string> kept;
    std::uint64_t pages_per_file = 0;
    std::uint64_t pages_asked = 0;  // that were missing for all files
    std::uint64_t pages_got = 0;
    std::uint64_t pages_given_back = 0;  // of these, as they made no whole file
    bool has_compacted = false;
};

struct SetupReport {
    SetupPlan plan;  // of what there was to do
    bool has_mounted = false;
    bool has_dropped_caches = false;
    bool is_undone = false;  // no file could be made, so nothing else was left either
    std::vector<NodeOutcome> nodes;

    [[nodiscard]] bool is_complete() const;
};

// What the decision needs of this machine. Reads only. Throws tools::Failure.
[[nodiscard]] SetupFacts look_at_machine(const SetupRequest& request);

// Of a plan that changes nothing.
[[nodiscard]] SetupReport idle_report(const SetupPlan& plan);

// Throws tools::Failure (no permission) where something that the plan needs isn't allowed; changes nothing.
void require_rights(const SetupPlan& plan, const std::string& sysfs = "/sys");

// Where pages fall short by the deadline, as many whole files are made as there are pages for. Throws
// tools::Failure or tools::Interrupted: all that this call has added is gone again then. All is in the record
// before it is done.
[[nodiscard]] SetupReport carry_out(const SetupRequest& request, const SetupPlan& plan,
                                    std::chrono::seconds timeout, const PageControl& control, Ledger& ledger,
                                    const tools::Interrupts& interrupts);

}  // namespace ctl
