// pc1-label parents: the file of all parents of a sector's graph, written or only digested.
#pragma once

#include "tools/common/interrupts.h"
#include "tools/pc1/graph.h"
#include "tools/pc1/options.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace pc1 {

struct ParentsOptions {
    std::uint64_t sector_size = 0;  // bytes, a valid sector size
    ApiVersion api_version = ApiVersion::kV1_1;
    Bytes32 porep_id{};
    unsigned threads = 1;                         // that compute
    std::optional<std::filesystem::path> output;  // the folder for the file
    bool json = false;
};

// `argv` begins with the word "parents". Throws tools::WrongCommandLine.
[[nodiscard]] std::variant<ParentsOptions, TextForUser> parse_parents_options(int argc,
                                                                              const char* const* argv);

// Returns the report for stdout. The file is there when it is complete, or not at all. Throws BadInput,
// before it starts, if there is no room; tools::Interrupted soon after a signal; std::exception, with a
// message for the user, if it cannot be done.
[[nodiscard]] std::string run_parents(const ParentsOptions& options, const tools::Interrupts& interrupts);

}  // namespace pc1
