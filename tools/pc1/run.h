// One labelling from beginning to end, and what was measured on the way.
#pragma once

#include "tools/pc1/options.h"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace pc1 {

using Json = nlohmann::ordered_json;

// The reports of --json: sizes in bytes, times in seconds; keys are never renamed within a schema_version. A
// layer has "sha256" if its digest was asked for ("sha256_of_stretch" where not all of it was labelled).
//
// Both show their progress on stderr if that is a terminal, and throw std::exception, with a message for the
// user, if it cannot be done. The first says on stderr if memory could not be locked.
[[nodiscard]] Json run(const Options& options);
[[nodiscard]] Json run_parents(const ParentsOptions& options);

// The same for people to read: fits 80 columns; ends with a line feed.
[[nodiscard]] std::string label_table(const Json& report);
[[nodiscard]] std::string parents_table(const Json& report);

// "64 MiB", of a size in bytes.
[[nodiscard]] std::string size_in(const Json& object, const char* key);

}  // namespace pc1
