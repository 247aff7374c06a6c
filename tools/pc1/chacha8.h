// The choice between the implementations of ChaCha with eight rounds, the graph's generator of random
// numbers.
#pragma once

#include "tools/pc1/chacha8_kernels.h"

#include <vector>

namespace pc1 {

// Every implementation that this CPU can run and that gives the same results as the portable one, fastest
// first, the portable one last. Tested at the first call, the same ever after; thread-safe.
[[nodiscard]] const std::vector<const Chacha8Kernel*>& chacha8_kernels();

// The first of them.
[[nodiscard]] const Chacha8Kernel& best_chacha8_kernel();

}  // namespace pc1
