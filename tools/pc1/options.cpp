// CLI11 splits the command lines and checks each value; what depends on other values is checked here.
#include "tools/pc1/options.h"

#include "tools/common/command_line.h"

#include <CLI/CLI.hpp>
#include <spdlog/fmt/fmt.h>

#include <sched.h>

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

namespace pc1 {
namespace {

constexpr std::uint8_t kDefaultReplicaByte = 9;
constexpr unsigned kMostProducers = 64;
constexpr unsigned kMostThreads = 256;

CLI::Validator hex() {
    return {[](const std::string& text) {
                return bytes32_from_hex(text) ? "" : "'" + text + "' is not 64 hexadecimal digits";
            },
            ""};
}

// What says of which sector.
struct SectorOptions {
    explicit SectorOptions(CLI::App& app) {
        app.get_formatter()->column_width(24);
        app.set_help_flag("-h,--help", "Show this help and exit");
        app.add_option("--sector-size", bytes,
                       "Size of the sector, e.g. 2KiB, 64MiB, 32GiB (binary),\n"
                       "1GB (decimal) or bytes; a multiple of 32. Needed")
            ->option_text("SIZE")
            ->required()
            ->transform(CLI::AsSizeValue(true));
        app.add_option("--porep-id", porep_id,
                       "64 hex digits. Default: that of the registered proof of\n"
                       "this size and API version, if there is one; else all\n"
                       "zero (API 1.0), or 05 and then zeros (1.1 and 1.2)")
            ->option_text("HEX")
            ->check(hex());
        app.add_option("--api-version", api_version,
                       "Which graph: 1.0, 1.1 or 1.2 (same as 1.1). Default: 1.1")
            ->option_text("VERSION")
            ->check(CLI::IsMember({"1.0", "1.1", "1.2"}));
        app.add_flag("--json", json, "Print the result as one JSON object");
    }

    // After parsing.
    [[nodiscard]] Sector sector() const {
        if (bytes == 0 || bytes % kNodeBytes != 0 || bytes / kNodeBytes > kMostNodes) {
            tools::refuse(
                fmt::format("--sector-size: a sector is made of 1 to {} nodes of {} bytes, and {} is not.",
                            kMostNodes, kNodeBytes, bytes));
        }
        const ApiVersion version = api_version == "1.0"   ? ApiVersion::kV1_0
                                   : api_version == "1.1" ? ApiVersion::kV1_1
                                                          : ApiVersion::kV1_2;
        return {
            .bytes = bytes,
            .api_version = version,
            .porep_id = porep_id.empty() ? default_porep_id(bytes, version) : *bytes32_from_hex(porep_id)};
    }

    std::uint64_t bytes = 0;
    std::string porep_id;
    std::string api_version = "1.1";
    bool json = false;
};

}  // namespace

std::variant<Options, TextForUser> parse_options(int argc, const char* const* argv) {
    CLI::App app("Labels a sector as the first phase of Filecoin sealing (PC1) does, and measures it.",
                 "pc1-label");
    SectorOptions sector(app);
    Options options;
    options.crew.producers = usable_cpus() == 1 ? 0 : 1;
    std::string replica_id;
    std::string alloc;
    app.set_version_flag("-V,--version", "pc1-label " PC1_VERSION, "Show the version and exit");
    auto* const layers = app.add_option("--layers", options.layers,
                                        "Layers to label. Default: 2 for 2KiB, 4KiB, 16KiB,\n"
                                        "32KiB, 8MiB, 16MiB, 512MiB, 1GiB; 11 for 32GiB, 64GiB;\n"
                                        "needed for other sizes");
    layers->option_text("N")->check(CLI::Range(1U, std::numeric_limits<std::uint32_t>::max()));
    auto* const max_nodes = app.add_option("--max-nodes", options.nodes,
                                           "Compute only the first N labels of each layer; the\n"
                                           "digests are of those, not of whole layers");
    max_nodes->option_text("N");
    app.add_option("--replica-id", replica_id, "64 hex digits. Default: 32 times 09")
        ->option_text("HEX")
        ->check(hex());
    app.add_flag("--digest", options.digest, "Show the SHA-256 of each layer (not part of its seconds)");
    app.option_defaults()->group("How it is done; the labels are the same");
    app.add_option("--producers", options.crew.producers,
                   "Threads that prepare labels for the one that hashes;\n"
                   "0: it does all alone, as the single-core path of sealers.\n"
                   "Default: 1, or 0 if only one CPU may be used")
        ->option_text("N")
        ->check(CLI::Range(0U, kMostProducers));
    app.add_option("--alloc", alloc,
                   "How to get the two buffers: mmap (anonymous, locked if\n"
                   "allowed, as the multicore path of sealers) or calloc (as\n"
                   "their single-core path). Default: mmap, or calloc with\n"
                   "--producers 0")
        ->option_text("METHOD")
        ->check(CLI::IsMember({"mmap", "calloc"}));
    app.footer(
        "'pc1-label parents' digests the parents of all labels.\n"
        "'pc1-label compare' says what a sealer would gain here.\n"
        "\n"
        "Example:\n"
        "  pc1-label --sector-size 64MiB --layers 2 --digest\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage.");
    if (auto text = tools::parse(app, argc, argv)) {
        return TextForUser{std::move(*text)};
    }
    options.json = sector.json;
    options.sector = sector.sector();
    const std::uint64_t nodes = options.sector.nodes();
    if (max_nodes->empty()) {
        options.nodes = nodes;
    } else if (options.nodes < 1 || options.nodes > nodes) {
        tools::refuse(fmt::format("--max-nodes: {} is not from 1 to {}.", options.nodes, nodes));
    }
    if (layers->empty()) {
        const auto usual = default_layers(sector.bytes);
        if (!usual) {
            tools::refuse("--layers is needed: no proof of the network has sectors of this size.");
        }
        options.layers = *usual;
    }
    options.replica_id.fill(kDefaultReplicaByte);
    if (!replica_id.empty()) {
        options.replica_id = *bytes32_from_hex(replica_id);
    }
    const bool by_calloc = alloc.empty() ? options.crew.producers == 0 : alloc == "calloc";
    options.allocation = by_calloc ? Allocation::kCalloc : Allocation::kMmap;
    return options;
}

std::variant<ParentsOptions, TextForUser> parse_parents_options(int argc, const char* const* argv) {
    CLI::App app(
        "Computes the parents of all labels, which the proofs library keeps in a file of\n1.75 times the "
        "sector, and gives their SHA-256, which is that file's.",
        "pc1-label parents");
    SectorOptions sector(app);
    unsigned threads = std::min(usable_cpus(), kMostThreads);
    bool digest = false;  // all that there is to do, and asked for by its name
    app.add_flag("--digest", digest, "Show the SHA-256. Needed")->required()->option_text(" ");
    app.add_option("--threads", threads, "Threads that compute. Default: one for each CPU")
        ->option_text("T")
        ->check(CLI::Range(1U, kMostThreads));
    app.footer(
        "Example:\n"
        "  pc1-label parents --sector-size 512MiB --digest\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage.");
    if (auto text = tools::parse(app, argc, argv)) {
        return TextForUser{std::move(*text)};
    }
    return ParentsOptions{.sector = sector.sector(), .threads = threads, .json = sector.json};
}

unsigned usable_cpus() {
    cpu_set_t cpus;
    // Refused on machines of more CPUs than fit into the set.
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? static_cast<unsigned>(CPU_COUNT(&cpus))
                                                         : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace pc1
