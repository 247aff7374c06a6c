// On which nodes the pages of a pool's files really are. A lease isn't disturbed by a look, nor kept alive.
#pragma once

#include "tools/ctl/pool/pool_survey.h"
#include "tools/pool/files.h"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace ctl {

using pool::kAllPages;
// Of a file: few enough that a big pool takes no time to speak of.
inline constexpr std::size_t kSampledPages = 64;

// Of each file whose pages can be looked at, an even sample of up to so many; enters what was found, or the
// errno. `advanced` is called for each page with its size; what it throws goes through.
void look_at_pages(PoolSurvey& pool, std::size_t most_of_a_file = kSampledPages,
                   const std::function<void(std::uint64_t bytes)>& advanced = {});

}  // namespace ctl
