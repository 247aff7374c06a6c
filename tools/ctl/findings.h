// How findings are shown.
#pragma once

#include "tools/pool/judge.h"
#include "tools/report/report.h"

#include <string>

namespace ctl {

// {id, verdict, what, why, next}, wherever a Json is made of one or of several.
void to_json(Json& json, const Finding& finding);
// "findings", in the order they were made, and how many there are of each verdict.
[[nodiscard]] Json findings_report(const Findings& findings);

// Of a report's findings: what is well first, failures last, where they stay on the screen. Wrapped to the
// terminal's width, except for what is to be typed.
[[nodiscard]] std::string findings_text(const Json& findings, const Terminal& terminal);
// "It will not work as it is: 1 failure, 2 warnings, 8 ok."
[[nodiscard]] std::string summary_text(const Json& report, const Terminal& terminal,
                                       const char* if_any_fails = "It will not work as it is: ");

}  // namespace ctl
