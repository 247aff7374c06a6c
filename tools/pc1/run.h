// One labelling from beginning to end, and what was measured on the way.
#pragma once

#include "tools/pc1/memory_pages.h"
#include "tools/pc1/options.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace pc1 {

inline constexpr int kBuffers = 2;

struct LayerResult {
    std::uint32_t number = 0;
    double seconds = 0;             // labelling only, without digest
    std::optional<Bytes32> digest;  // if asked for
};

struct Result {
    int locked_buffers = 0;        // of kBuffers
    double memory_seconds = 0;     // from before the first mmap (or calloc) to after the last mlock
    double parents_seconds = 0;    // until parents can be asked for
    unsigned parents_threads = 0;  // that computed them before the first layer; 0 if nobody had to
    std::vector<LayerResult> layers;
    std::vector<PagesOfSize> pages;  // that the buffers lie on, after the last layer
};

struct ParentsResult {
    Bytes32 digest{};
    double seconds = 0;
};

// Both show their progress on stderr if that is a terminal, and throw std::exception, with a message for the
// user, if it cannot be done. The first says on stderr if memory could not be locked.
[[nodiscard]] Result run(const Options& options);
[[nodiscard]] ParentsResult run_parents(const ParentsOptions& options);

}  // namespace pc1
