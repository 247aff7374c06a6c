// What an operator would gain on this machine: labels as the real sealer makes them (upstream.h), on ordinary
// pages, on transparent huge pages, and with the shim, on the near and the farthest node, in turns.
//
// Knows the shim only by its command, hugepagectl: setup makes pools of this program's own, run has them
// serve the processes that label (stretch.h), remove takes them away. Whatever ends this program, what
// was made is on setup's record, and the next comparison takes it away.
#pragma once

#include "tools/pc1/options.h"
#include "tools/pc1/stretch.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace pc1 {

struct CompareOptions {
    std::uint64_t sector_bytes = 0;  // asked about
    double minutes = 0;
    std::vector<Path> paths;
    bool fragmented = false;  // free memory, for all but files
    bool json = false;
};
// Throws tools::Failure (usage). `argv` begins with the word "compare".
[[nodiscard]] std::variant<CompareOptions, TextForUser> parse_compare_options(int argc,
                                                                              const char* const* argv);

// Memory on one node, on one path.
struct Measured {
    Path path = Path::kSingleCore;
    std::string memory;  // "4 KiB pages"
    bool is_far = false;
    std::vector<double> ns;        // a label, of each round; empty: left out
    std::vector<double> of_plain;  // times that of ordinary pages on the near node in the same round
    double ready_seconds = 0;      // median
    double least_huge = 1;         // the smallest share of the buffers that was in huge pages of any kind
    std::string left_out;          // why
};

struct CompareResult {
    std::uint64_t sector_bytes = 0;  // measured on
    std::uint64_t labels = 0;        // a measurement
    unsigned cpus = 0;
    int near = 0;
    int farthest = -1;  // there is no other node
    std::vector<Measured> rows;
    double floor_ns = 0;     // a label whose parents are all in the first cache: SHA-256 alone
    double own_ns = 0;       // by pc1-label's own single thread, on the best memory
    std::string fragmented;  // what was found, if that was asked for
};
// Shows its progress on stderr if that is a terminal. Throws tools::Interrupted, or std::exception with a
// message for the user.
[[nodiscard]] CompareResult compare(const CompareOptions& options);

[[nodiscard]] std::string as_table(const CompareOptions& options, const CompareResult& result);
[[nodiscard]] std::string as_json(const CompareOptions& options, const CompareResult& result);

// The middle one, or the mean of the two in the middle; there is at least one.
[[nodiscard]] double median(std::vector<double> numbers);

// The part of a process that labels: `argv` begins with kStretchCommand. Returns what goes to stdout.
inline constexpr const char* kStretchCommand = "compare-stretch";
[[nodiscard]] std::string run_stretch(int argc, const char* const* argv);

}  // namespace pc1
