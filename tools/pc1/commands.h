// The commands of pc1-label, and what they have in common.
#pragma once

#include "tools/common/terminal.h"
#include "tools/pc1/sector.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace pc1 {

// Each reads its command line, does what it says, and returns what goes to stdout: the result, as a table
// that fits 80 columns or, with --json, as one JSON object; or the help. `argv` begins with the command's
// name.
//
// JSON has sizes in bytes and times in seconds, and its keys are never renamed within a schema_version.
// Progress is shown on stderr if that is a terminal. They throw std::exception, with a message for the user.

// Labels a sector and times it. A layer has "sha256" if its digest was asked for ("sha256_of_stretch" where
// not all of it was labelled). Says on stderr if memory could not be locked.
[[nodiscard]] std::string label_command(int argc, const char* const* argv);
// Digests the parents of all nodes.
[[nodiscard]] std::string parents_command(int argc, const char* const* argv);
// Says what the shim would gain here (compare.h).
[[nodiscard]] std::string compare_command(int argc, const char* const* argv);

// Adds the options that say which sector, and --json, and holds their values.
struct SectorOptions {
    explicit SectorOptions(CLI::App& app);

    // After parsing. Throws tools::Failure (usage).
    [[nodiscard]] Sector sector() const;

    std::uint64_t bytes = 0;
    std::string api_version = "1.1";
    std::optional<Bytes32> porep_id;
    bool json = false;
};
// Adds an option whose value is 64 hexadecimal digits.
void add_hex(CLI::App& app, const std::string& name, std::optional<Bytes32>& value, const std::string& help);

// How many CPUs the calling thread may use now, at least 1. std::thread::hardware_concurrency() asks the
// machine, not the thread.
[[nodiscard]] unsigned usable_cpus();

using Json = nlohmann::ordered_json;

// How a report about a sector begins, and that for people to read.
[[nodiscard]] Json report_on(const char* program, const Sector& sector);
[[nodiscard]] std::string sector_facts(const Json& report);

// A line of a report for people to read.
[[nodiscard]] std::string fact(const char* name, const std::string& value);
// Of one key of an object: text; a number; a size in bytes, as "64 MiB".
[[nodiscard]] std::string text_in(const Json& object, const char* key);
[[nodiscard]] double number_in(const Json& object, const char* key);
[[nodiscard]] std::string size_in(const Json& object, const char* key);

// As --json has it.
[[nodiscard]] std::string json_text(const Json& report);

// "680 ns/node", of a line that shows progress.
[[nodiscard]] std::string per_node(std::uint64_t nodes, tools::Seconds elapsed);

}  // namespace pc1
