// Whether a pool's file is right. status, verify and doctor all ask here, so none says otherwise than
// another; what the shim asks of a file before it takes it is asked by the shim's own code, in survey().
#pragma once

#include "tools/ctl/pool/pool_survey.h"

#include <string>

namespace ctl {

struct Judgement {
    bool is_leased = false;
    bool is_usable = true;  // the shim would take it if it were free
    bool is_seen = true;    // false: it may not be looked at, or where its pages are can't be known
    std::string reason;  // "misplaced", as the shim calls it; empty: it is right, as far as it was looked at
    std::string why;     // a sentence's part; empty if right
    std::string next;    // what to type; empty if right

    [[nodiscard]] const char* state() const { return is_leased ? "leased" : is_usable ? "free" : "unusable"; }
    [[nodiscard]] const char* verdict() const {
        return reason.empty() ? "right" : is_seen ? "wrong" : "not_seen";
    }
};

// `pool` is the file's. Of its pages those count that look_at_pages() saw, of its holders those that
// find_holders() found.
[[nodiscard]] Judgement judge(const SurveyedFile& file, const PoolSurvey& pool);

// "sealer", or "uid 1234" where nobody is called that
[[nodiscard]] std::string user_text(uid_t user);

}  // namespace ctl
