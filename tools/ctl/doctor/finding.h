// What doctor finds, and how it is shown.
#pragma once

#include "tools/ctl/base/output.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace ctl {

enum class Verdict {
    ok,
    warn,  // it works, but not as well as it could, or not for everybody
    fail,  // nothing, or not what was meant, will be served
};
[[nodiscard]] const char* name_of(Verdict verdict);  // "ok"

struct Finding {
    std::string id;  // of the check; never renamed
    Verdict verdict = Verdict::ok;
    std::string found;  // one line, of any length
    std::string means;  // why that matters; may be empty where all is well
    std::string next;   // what to type, or to do; empty where all is well
};
using Findings = std::vector<Finding>;

[[nodiscard]] Finding ok(std::string id, std::string found, std::string means = {});
[[nodiscard]] Finding warn(std::string id, std::string found, std::string means, std::string next);
[[nodiscard]] Finding fail(std::string id, std::string found, std::string means, std::string next);

void append(Findings& all, Findings more);
[[nodiscard]] std::size_t count(const Findings& findings, Verdict verdict);

// What is well first, failures last, where they stay on the screen; then a line that sums up. Wrapped to the
// terminal's width, but for what is to be typed.
[[nodiscard]] std::string findings_text(const Findings& findings, const Terminal& terminal);

// In the order they were made, and the counts.
[[nodiscard]] nlohmann::ordered_json findings_report(const Findings& findings);

}  // namespace ctl
