// The result of a labelling as text: a table for people, JSON for programs.
#pragma once

#include "tools/pc1/run.h"

#include <string>

namespace pc1 {

// Fits 80 columns; ends with a line feed.
[[nodiscard]] std::string as_table(const Options& options, const Result& result);

// One object on lines of its own; sizes in bytes, times in seconds. Keys are never renamed within a
// schema_version.
[[nodiscard]] std::string as_json(const Options& options, const Result& result);

}  // namespace pc1
