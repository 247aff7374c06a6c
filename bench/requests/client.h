// What the processes do that take memory of a pool through the preloaded shim. Each answers one line.
#pragma once

#include "bench/support/worker.h"

#include <string>

namespace bench {

// - hold COUNT BYTES: takes so many files and keeps them
// - let_go BYTES: gives them back
// - crowd COUNT: gets so many other mappings, each of its own for the kernel
// - pair SECONDS BYTES REST: takes and gives back for so long, several times at least, with so many seconds
//   between; the middle time of each, in seconds
// - pass SECONDS: the middle time of an mmap that isn't the shim's
// - contend SECONDS BYTES: takes and gives back for so long; how often, and how long that really was
// Those that take first see to it that what they take is of the pool's pages.
[[nodiscard]] std::string answer_as_client(const Words& words);

}  // namespace bench
