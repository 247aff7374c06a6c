// What plan proposes: a report, made once, as JSON, whose keys are those of hugepagectl(8).
#pragma once

#include "tools/pool/plan.h"
#include "tools/report/report.h"

#include <vector>

namespace ctl {

// Two files for each sector, as evenly as can be, lower nodes first.
void deal_out(std::size_t sectors, std::vector<pool::Share>& shares);
// What the plan's files need of each node, and what is left.
[[nodiscard]] Json plan_report(const pool::Plan& plan, const Machine& machine);

}  // namespace ctl
