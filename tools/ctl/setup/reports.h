// What plan proposes, and what setup and remove have done, or would do: one report, made once, as JSON, whose
// keys are those of hugepagectl(8). Its text is made of that: of a dry run, which has `commands`, comments
// and what to paste.
#pragma once

#include "tools/pool/judge.h"
#include "tools/pool/remove.h"
#include "tools/pool/setup.h"
#include "tools/report/report.h"

#include <string>

namespace ctl {

// Two files for each sector, as evenly as can be, lower nodes first.
void deal_out(std::size_t sectors, std::vector<Share>& shares);
// What the plan's files need of each node, and what is left.
[[nodiscard]] Json plan_report(const pool::Plan& plan, const Machine& machine);

// As far as there is memory.
[[nodiscard]] pool::Plan as_if_done(pool::Plan plan);
// Where fewer files were made than wanted: why, and what helps. `machine` as it was before.
[[nodiscard]] Findings shortages(const pool::Plan& plan, const Machine& machine);
[[nodiscard]] Json setup_report(const pool::Plan& plan, const Findings& findings);
[[nodiscard]] std::string setup_text(const Json& report, const Terminal& terminal);
// One line, for `systemctl status`: "degraded: node 0: 1 of 2 files, node 1: 2 of 2 files".
[[nodiscard]] std::string setup_status(const Json& report);

[[nodiscard]] Json remove_report(const pool::Removal& removal);
[[nodiscard]] std::string remove_text(const Json& report, const Terminal& terminal);

}  // namespace ctl
