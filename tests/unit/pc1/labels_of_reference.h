// Labels as the reference program made them, against those that the kernel makes.
#pragma once

#include "reference.h"
#include "tools/pc1/hash.h"
#include "tools/pc1/label.h"

#include <string>
#include <vector>

namespace pc1::reference {

// For SCOPED_TRACE.
std::string describe(const Crew& crew);

// The cases of sectors of these sizes. None is a failure of the test.
std::vector<Labels> cases_of(std::uint64_t at_least, std::uint64_t at_most);

// Labels the sector anew and expects the same: every layer's digest, and the labels that are known.
void expect_labels(const Labels& expected, const Sha256Kernel& sha256, const Chacha8Kernel& chacha8,
                   const Crew& crew);
// By the best kernels that this CPU has.
void expect_labels(const Labels& expected, const Crew& crew = {});

}  // namespace pc1::reference
