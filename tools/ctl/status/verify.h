// What 'hugepagectl verify' finds of files that were looked at, and how it says so. No system call is made
// here but to know users' names.
#pragma once

#include "tools/common/failure.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/pool/pool_survey.h"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace ctl {

enum class Judgement { right, wrong, not_seen };
[[nodiscard]] const char* name_of(Judgement verdict);  // "right"

struct FileVerdict {
    Judgement verdict = Judgement::right;
    std::string reason;  // "misplaced", as the shim calls it; empty if right
    std::string why;     // a sentence's part; empty if right
    std::string remedy;  // what to type; empty if right
};
// All of the file's pages have been looked at, if it has_all_pages(). `pool` is the file's.
[[nodiscard]] FileVerdict judge(const SurveyedFile& file, const PoolSurvey& pool);

// All files and folders of the pools: check_failed if any is wrong, else partial if any was not seen.
[[nodiscard]] tools::ExitCode exit_code_of(const std::vector<PoolSurvey>& pools);

[[nodiscard]] std::string verify_text(const std::vector<PoolSurvey>& pools, const Terminal& terminal);
[[nodiscard]] nlohmann::ordered_json verify_json(const std::vector<PoolSurvey>& pools);

}  // namespace ctl
