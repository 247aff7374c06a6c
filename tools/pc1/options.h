// The command line of pc1-label, but for its subcommand (parents_command.h).
#pragma once

#include "tools/pc1/graph.h"
#include "tools/pc1/labels.h"
#include "tools/pc1/sector_buffer.h"
#include "tools/pc1/sha256_kernels.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace pc1 {

// Where each node's parents are looked up (parent_source.h).
enum class ParentsFrom { kCompute, kMemory, kFile };

// Everything is filled in: what the user left out has its default.
struct Options {
    std::uint64_t sector_size = 0;  // bytes, a valid sector size
    std::uint32_t first_layer = 1;
    std::uint32_t last_layer = 1;  // at least the first
    NodeRange nodes;               // of each layer; at least one
    Bytes32 replica_id{};
    Bytes32 porep_id{};
    ApiVersion api_version = ApiVersion::kV1_1;
    Allocation allocation = Allocation::kMmap;
    ParentsFrom parents = ParentsFrom::kCompute;
    std::filesystem::path parent_file;     // if from there
    const Sha256Kernel* sha256 = nullptr;  // never null once parsed
    Crew crew;
    bool bind = true;                             // threads to CPUs that share a cache
    std::optional<std::filesystem::path> output;  // the folder for the layers
    bool digest = false;
    bool json = false;

    // Whether real layers come out; else what is not labelled is made up.
    [[nodiscard]] bool is_whole() const {
        return first_layer == 1 && nodes.first == 0 && nodes.last == sector_size / kNodeBytes;
    }
};

// The user asked for this text (help, version) instead of work.
struct TextForUser {
    std::string text;
};

// Throws tools::WrongCommandLine.
[[nodiscard]] std::variant<Options, TextForUser> parse_options(int argc, const char* const* argv);

[[nodiscard]] const char* to_text(Allocation allocation);
[[nodiscard]] const char* to_text(ParentsFrom parents);

}  // namespace pc1
