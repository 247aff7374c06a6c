// One measurement of compare.h, in a process of its own: two buffers as a sealer takes them, and stretches of
// layers 1 and 2 labelled in them.
#pragma once

#include <string>

namespace pc1 {

// The command of that process: BYTES of each buffer, LABELS of layer 2, the path's name, one of
// kStretchPages, and "upstream" or "own" (label.h's single thread). With more labels than the sector has,
// layers are labelled again and again.
inline constexpr const char* kStretchCommand = "compare-stretch";

// On what pages the buffers are asked for. "asis" is what the path's own call gives; "aligned" and
// "aligned-transparent" begin with a page, on the single-core path too, where calloc's begin 16 bytes behind
// one.
inline constexpr const char* kStretchPages[] = {"asis", "small", "aligned", "transparent",
                                                "aligned-transparent"};

// What goes to stdout: one JSON object: "layer_1_ns" and "ns", of a label of layers 1 and 2; "ready_seconds",
// until both buffers are there, each page written to by one of the CPUs' threads; and "pages"
// (memory_pages.h). `argv` begins with kStretchCommand. Throws std::exception, with a message for the user.
[[nodiscard]] std::string run_stretch(int argc, const char* const* argv);

}  // namespace pc1
