// The result of a labelling as text: a table for people, JSON for programs.
#pragma once

#include "tools/pc1/run.h"

#include <string>

namespace pc1 {

// Of everything that pc1-label prints as JSON.
inline constexpr int kSchemaVersion = 1;

// Fits 80 columns; ends with a line feed.
[[nodiscard]] std::string as_table(const Options& options, const Result& result);

// One object on lines of its own; sizes in bytes, times in seconds. Keys are never renamed within a
// schema_version. A layer has "sha256" if its digest is known ("sha256_of_stretch" where not all of it was
// labelled), "file" if it is kept, and "ns_per_node" unless it is "resumed": its "seconds" are those of
// reading then.
[[nodiscard]] std::string as_json(const Options& options, const Result& result);

}  // namespace pc1
