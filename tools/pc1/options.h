// The command lines of pc1-label and pc1-label parents.
#pragma once

#include "tools/pc1/label.h"
#include "tools/pc1/sector.h"
#include "tools/pc1/sector_buffer.h"

#include <cstdint>
#include <string>
#include <variant>

namespace pc1 {

// Everything is filled in: what the user left out has its default.
struct Options {
    Sector sector;
    std::uint32_t layers = 1;
    std::uint64_t nodes = 0;  // of each layer: the first ones, or all
    Bytes32 replica_id{};
    Allocation allocation = Allocation::kMmap;
    Crew crew;
    bool digest = false;
    bool json = false;

    [[nodiscard]] bool is_whole() const { return nodes == sector.nodes(); }
};

struct ParentsOptions {
    Sector sector;
    unsigned threads = 1;  // that compute
    bool json = false;
};

// The user asked for this text (help, version) instead of work.
struct TextForUser {
    std::string text;
};

// Both throw tools::Failure (usage). The second's `argv` begins with the word "parents".
[[nodiscard]] std::variant<Options, TextForUser> parse_options(int argc, const char* const* argv);
[[nodiscard]] std::variant<ParentsOptions, TextForUser> parse_parents_options(int argc,
                                                                              const char* const* argv);

// How many CPUs the calling thread may use now, at least 1. std::thread::hardware_concurrency() asks the
// machine, not the thread.
[[nodiscard]] unsigned usable_cpus();

}  // namespace pc1
