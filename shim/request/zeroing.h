// Zeros for memory that another owner has written to, at the speed of the memory.
#pragma once

#include "shim/base/ids.h"

#include <cstddef>
#include <optional>

namespace hugepage {

struct Zeroing {
    // Helper threads beside the calling one; nothing: one for each further CPU of the node, up to
    // kMostHelpers, and none for small ranges.
    std::optional<int> helpers;
    // Where helpers run; empty: where the calling thread does. It stays where it is.
    CpuSet cpus;
};

// The node's CPUs that the process's main thread may use: taskset and cpusets pin the program, where a sealer
// pins its threads one by one.
[[nodiscard]] CpuSet helper_cpus(NodeId node) noexcept;

inline constexpr int kMostHelpers = 15;
// For each of them; making a thread costs some tens of microseconds.
inline constexpr std::size_t kWorthAHelper = 64UL << 20;

// Writes zeros over the memory, which must be mapped, writable and populated. begin and length are multiples
// of 64. Stores bypass the caches, so the caller's working set stays in them.
//
// Helpers are bare kernel threads that live for the call: they have no C library state (creating a pthread
// allocates), no signals, a small stack, and do nothing but store zeros. What they use lies in one mapping of
// the call. As many as the kernel gives are used; without any, the calling thread does it alone. Returns how
// many helped. errno is not kept.
int zero_memory(void* begin, std::size_t length, const Zeroing& how) noexcept;

}  // namespace hugepage
