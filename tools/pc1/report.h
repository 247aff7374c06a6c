// What was measured as text: a table for people, JSON for programs.
#pragma once

#include "tools/pc1/run.h"

#include <string>

namespace pc1 {

// For people to read, in binary units: 67108864 -> "64 MiB", 1536 -> "1.5 KiB", 96 -> "96 bytes".
[[nodiscard]] std::string size_text(std::uint64_t bytes);

// Fits 80 columns; ends with a line feed.
[[nodiscard]] std::string as_table(const Options& options, const Result& result);
[[nodiscard]] std::string as_table(const ParentsOptions& options, const ParentsResult& result);

// One object on lines of its own; sizes in bytes, times in seconds. Keys are never renamed within a
// schema_version. A layer has "sha256" if its digest is known ("sha256_of_stretch" where not all of it was
// labelled).
[[nodiscard]] std::string as_json(const Options& options, const Result& result);
[[nodiscard]] std::string as_json(const ParentsOptions& options, const ParentsResult& result);

}  // namespace pc1
