// The command line of pc1-label.
#pragma once

#include "tools/pc1/graph.h"
#include "tools/pc1/sector_buffer.h"
#include "tools/pc1/sha256_kernels.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace pc1 {

// Everything is filled in: what the user left out has its default.
struct Options {
    std::uint64_t sector_size = 0;  // bytes, a valid sector size
    std::uint32_t layers = 0;       // at least 1
    Bytes32 replica_id{};
    Bytes32 porep_id{};
    ApiVersion api_version = ApiVersion::kV1_1;
    Allocation allocation = Allocation::kMmap;
    const Sha256Kernel* sha256 = nullptr;         // never null once parsed
    std::optional<std::filesystem::path> output;  // the folder for the layers
    bool digest = false;
    bool json = false;
};

// The user asked for this text (help, version) instead of work.
struct TextForUser {
    std::string text;
};

// Throws tools::WrongCommandLine.
[[nodiscard]] std::variant<Options, TextForUser> parse_options(int argc, const char* const* argv);

[[nodiscard]] const char* to_text(Allocation allocation);

}  // namespace pc1
