// Its command line, its work, its report.
#include "tools/pc1/parents_command.h"

#include "tools/common/command_line.h"
#include "tools/common/progress.h"
#include "tools/pc1/bad_input.h"
#include "tools/pc1/cores.h"
#include "tools/pc1/parent_file.h"
#include "tools/pc1/report.h"
#include "tools/pc1/room.h"
#include "tools/pc1/sector.h"
#include "tools/pc1/unfinished.h"
#include "tools/pc1/values.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace pc1 {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMostThreads = 256;

struct ParentsResult {
    std::string file_name;
    std::uint64_t bytes = 0;
    Bytes32 digest{};
    double seconds = 0;
};

void require_room(const fs::path& folder, std::uint64_t bytes) {
    const std::uint64_t available = free_bytes(folder);
    if (bytes > available) {
        throw BadInput("no room in " + folder.string() + " for the parent file of " + size_text(bytes) +
                       ": only " + size_text(available) + " are free");
    }
}

ParentsResult make(const ParentsOptions& options, const tools::Interrupts& interrupts) {
    const auto start = std::chrono::steady_clock::now();
    const std::uint64_t nodes = options.sector_size / kNodeBytes;
    ParentsResult result{.file_name = parent_file_name(nodes, options.porep_id), .bytes = nodes * kRowBytes};

    NewFolders new_folders;
    std::optional<UnfinishedFile> file;
    if (options.output) {
        require_room(*options.output, result.bytes);
        new_folders.make(*options.output);
        file.emplace(*options.output / result.file_name);
    }
    const Graph graph(nodes, options.api_version, options.porep_id);
    tools::ProgressBar bar("parents", nodes, [](std::uint64_t done, tools::Seconds elapsed) {
        return fmt::format("{:.0f} ns/node", elapsed.count() * 1e9 / static_cast<double>(done));
    });
    const auto on_rows = [&](std::uint64_t first, std::span<const std::uint8_t> bytes) {
        interrupts.check();
        if (file) {
            file->append(bytes);
        }
        bar.update(first + bytes.size() / kRowBytes);
    };
    result.digest = for_each_piece_of_parent_file(graph, options.threads, on_rows);
    if (file) {
        file->sync();
        file->keep();
    }
    result.seconds = tools::Seconds(std::chrono::steady_clock::now() - start).count();
    return result;
}

std::string as_table(const ParentsOptions& options, const ParentsResult& result) {
    const std::uint64_t nodes = options.sector_size / kNodeBytes;
    const std::string path =
        options.output ? (*options.output / result.file_name).string() : "not written (no --output)";
    return fmt::format(
        "Sector size   {}, {} nodes\n"
        "API version   {}\n"
        "PoRep id      {}\n"
        "Parents       {} bytes in {:.3f} s, {:.1f} ns/node, by {} thread{}\n"
        "SHA-256       {}\n"
        "Name          {}\n"
        "File          {}\n",
        size_text(options.sector_size), nodes, to_text(options.api_version), to_hex(options.porep_id),
        result.bytes, result.seconds, result.seconds * 1e9 / static_cast<double>(nodes), options.threads,
        options.threads == 1 ? "" : "s", to_hex(result.digest), result.file_name, path);
}

std::string as_json(const ParentsOptions& options, const ParentsResult& result) {
    using Json = nlohmann::ordered_json;
    Json object{{"schema_version", kSchemaVersion},
                {"program", "pc1-label parents"},
                {"version", PC1_VERSION},
                {"sector_size", options.sector_size},
                {"nodes", options.sector_size / kNodeBytes},
                {"api_version", to_text(options.api_version)},
                {"porep_id", to_hex(options.porep_id)},
                {"threads", options.threads},
                {"seconds", result.seconds},
                {"bytes", result.bytes},
                {"sha256", to_hex(result.digest)},
                {"name", result.file_name}};
    if (options.output) {
        object["file"] = (*options.output / result.file_name).string();
    }
    constexpr int kIndent = 2;
    return object.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::variant<ParentsOptions, TextForUser> parse_parents_options(int argc, const char* const* argv) {
    CLI::App app(
        "Makes the file of all parents of a sector's graph, as the proofs library keeps\nit in its "
        "parent cache, or only its SHA-256.",
        "pc1-label parents");
    std::string sector_size;
    std::string porep_id;
    std::string api_version = "1.1";
    std::string output;
    std::string threads;
    bool digest = false;
    ParentsOptions options;
    app.get_formatter()->column_width(24);
    app.set_help_flag("-h,--help", "Show this help and exit");
    app.add_option("--sector-size", sector_size, "Size of the sector, e.g. 2KiB, 512MiB, 32GiB. Needed")
        ->option_text("SIZE");
    app.add_option("--porep-id", porep_id,
                   "64 hex digits. Default: that of the registered proof of\n"
                   "this size and API version, if there is one")
        ->option_text("HEX");
    app.add_option("--api-version", api_version, "Which graph: 1.0, 1.1 or 1.2 (same as 1.1). Default: 1.1")
        ->option_text("VERSION");
    app.add_option("--output", output,
                   "Write the file into this folder, under its usual name;\n"
                   "when it is complete it replaces one that is there")
        ->option_text("DIR");
    app.add_flag("--digest", digest, "Without --output: do no more than digest");
    app.add_option("--threads", threads, "Threads that compute. Default: one for each CPU")->option_text("T");
    app.add_flag("--json", options.json, "Print the result as one JSON object");
    app.footer(
        "A file has 1.75 times the size of the sector: 60 GB for 32 GiB.\n"
        "\n"
        "Examples:\n"
        "  pc1-label parents --sector-size 512MiB --digest\n"
        "  pc1-label parents --sector-size 512MiB --output /var/tmp/filecoin-parents\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage or no room, 128+n ended by\nsignal n.");
    if (auto text = tools::parse(app, argc, argv)) {
        return TextForUser{std::move(*text)};
    }
    options.sector_size = sector_size_of(sector_size);
    options.api_version = api_version_of(api_version);
    options.porep_id = porep_id_of(porep_id, options.sector_size, options.api_version);
    options.threads = threads.empty()
                          ? std::min(usable_cpus(), kMostThreads)
                          : static_cast<unsigned>(number_of("--threads", threads, 1, kMostThreads));
    if (output.empty() && !digest) {
        throw tools::WrongCommandLine("nothing to do: give --output, or --digest.");
    }
    if (!output.empty()) {
        options.output = output;
    }
    return options;
}

std::string run_parents(const ParentsOptions& options, const tools::Interrupts& interrupts) {
    const ParentsResult result = make(options, interrupts);
    return options.json ? as_json(options, result) : as_table(options, result);
}

}  // namespace pc1
