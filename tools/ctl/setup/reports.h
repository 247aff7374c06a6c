// What plan proposes, and what setup and remove have done, or would do: one report, made once, as JSON, whose
// keys are those of hugepagectl(8). Its text is made of that: at a dry run comments, and commands to paste.
#pragma once

#include "tools/pool/remove.h"
#include "tools/pool/setup.h"
#include "tools/report/report.h"

#include <string>

namespace ctl {

// Two files for each sector, as evenly as can be, lower nodes first.
void deal_out(std::size_t sectors, std::vector<Share>& shares);
// What the plan's files need of each node, and what is left.
[[nodiscard]] Json plan_report(const pool::Plan& plan, const Machine& machine);

// `machine` as it was before. At a dry run the plan is taken as done, as far as there is memory.
[[nodiscard]] Json setup_report(pool::Plan plan, const Machine& machine, bool is_dry_run);
[[nodiscard]] std::string setup_text(const Json& report, const Terminal& terminal);

[[nodiscard]] Json remove_report(const pool::Removal& removal);
// Of what would be removed, by somebody who types it.
[[nodiscard]] Json remove_report(const pool::Removal& removal, const pool::Record& record);
[[nodiscard]] std::string remove_text(const Json& report, const Terminal& terminal);

}  // namespace ctl
