// One measurement of compare.h, in a process of its own: two buffers as a sealer takes them, and a stretch of
// layer 2 labelled in them.
#pragma once

#include "tools/pc1/memory_pages.h"
#include "tools/pc1/upstream.h"

#include <cstdint>
#include <vector>

namespace pc1 {

struct Stretch {
    // What the buffers are advised of before they are touched; `asis` where the shim has done so.
    enum class Pages { asis, small, transparent };

    std::uint64_t sector_bytes = 0;  // of each buffer
    std::uint64_t labels = 0;  // in all; more than the sector has: the layer is labelled again and again
    Path path = Path::kSingleCore;
    Pages pages = Pages::asis;
    bool own_kernel = false;  // label.h's single thread, instead of upstream.h
};

struct StretchResult {
    double ns = 0;  // a label
    double ready_seconds =
        0;  // until both buffers are there, each page written to by one of the CPUs' threads
    std::vector<PagesOfSize> buffers;  // what they lie on
};
// Throws std::exception, with a message for the user.
[[nodiscard]] StretchResult label_stretch(const Stretch& stretch);

}  // namespace pc1
