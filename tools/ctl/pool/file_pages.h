// On which nodes the pages of a pool's file really are.
//
// The file is mapped for reading for a moment, which takes no lock and allocates nothing as long as the file
// has all its pages; a lease isn't disturbed by it, nor kept alive.
#pragma once

#include "shim/core/placement.h"
#include "shim/core/result.h"
#include "tools/ctl/pool/pool_survey.h"

#include <cstddef>
#include <functional>

namespace ctl {

// An even sample of up to so many pages. Fails with what was tried and the errno. Only of a file that
// has_all_pages().
[[nodiscard]] hugepage::Result<hugepage::Placement> sample_pages(const SurveyedFile& file,
                                                                 std::size_t most_checked);

// The same of each file that can be looked at, few enough pages that a big pool takes no time to speak of.
// Enters what was found, and judges by it.
void sample_pages(PoolSurvey& pool);

// Each page. `advanced` is called now and then with the number of pages since the last call; what it throws
// goes through.
[[nodiscard]] hugepage::Result<hugepage::Placement> look_at_all_pages(
    const SurveyedFile& file, const std::function<void(std::size_t pages)>& advanced);

}  // namespace ctl
