// One labelling from beginning to end, and what was measured on the way.
#pragma once

#include "tools/common/interrupts.h"
#include "tools/pc1/cores.h"
#include "tools/pc1/memory_pages.h"
#include "tools/pc1/options.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace pc1 {

inline constexpr int kBuffers = 2;

struct LayerResult {
    std::uint32_t number = 0;
    bool resumed = false;           // read from the output folder, not labelled
    double seconds = 0;             // labelling only, without digest and writing; or reading, if resumed
    std::optional<Bytes32> digest;  // if asked for, or if there is a file
    std::optional<std::filesystem::path> file;
};

struct Result {
    int locked_buffers = 0;         // of kBuffers
    double memory_seconds = 0;      // from before the first mmap (or calloc) to after the last mlock
    double parents_seconds = 0;     // until parents can be asked for
    std::optional<CpuChoice> cpus;  // that all threads are bound to; none if they are not
    unsigned threads = 0;           // that compute parents before the first layer, or fill memory
    unsigned parents_threads = 0;   // that did compute them; 0 if nobody had to
    std::vector<LayerResult> layers;
    std::vector<PagesOfSize> pages;  // that the buffers lie on, after the last layer
};

// Shows its progress on stderr if that is a terminal, and says there if memory could not be locked, threads
// not be bound, or a layer not be read again. Throws BadInput, before it starts, if the output folder or the
// parent file will not do; tools::Interrupted soon after a signal; and any other std::exception, with a
// message for the user, if it cannot be done. Nothing unfinished is left then.
[[nodiscard]] Result run(const Options& options, const tools::Interrupts& interrupts);

}  // namespace pc1
