// CLI11 splits the command lines and checks each value; what depends on other values is checked here.
#include "tools/pc1/options.h"

#include "tools/common/command_line.h"
#include "tools/pc1/hash.h"

#include <CLI/CLI.hpp>
#include <spdlog/fmt/fmt.h>

#include <sched.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <thread>
#include <utility>

namespace pc1 {
namespace {

constexpr std::uint8_t kDefaultReplicaByte = 9;
constexpr unsigned kMostProducers = 64;
constexpr unsigned kMostThreads = 256;
constexpr std::size_t kMostLookahead = 1 << 20;
constexpr std::uint32_t kMostLayers = std::numeric_limits<std::uint32_t>::max();

// What both have.
class Command {
  public:
    Command(const char* what, const char* name) : app(what, name) {
        app.get_formatter()->column_width(24);
        app.set_help_flag("-h,--help", "Show this help and exit");
        add("--sector-size", bytes_, "SIZE",
            "Size of the sector, e.g. 2KiB, 64MiB, 32GiB (binary),\n"
            "1GB (decimal) or bytes; a multiple of 32. Needed")
            ->required()
            ->transform(CLI::AsSizeValue(true));
        add("--porep-id", porep_id_, "HEX",
            "64 hex digits. Default: that of the registered proof of\n"
            "this size and API version, if there is one; else all\n"
            "zero (API 1.0), or 05 and then zeros (1.1 and 1.2)")
            ->check(hex());
        add("--api-version", api_version_, "VERSION",
            "Which graph: 1.0, 1.1 or 1.2 (same as 1.1). Default: 1.1")
            ->check(CLI::IsMember({"1.0", "1.1", "1.2"}));
        app.add_flag("--json", json, "Print the result as one JSON object");
    }

    template <class Value>
    CLI::Option* add(const char* option, Value& value, const char* what, const char* text) {
        return app.add_option(option, value, text)->option_text(what);
    }

    [[nodiscard]] static CLI::Validator hex() {
        const auto fault = [](const std::string& text) {
            return bytes32_from_hex(text) ? "" : "'" + text + "' is not 64 hexadecimal digits";
        };
        return {fault, ""};
    }

    // After parsing.
    [[nodiscard]] Sector sector() const {
        if (bytes_ == 0 || bytes_ % kNodeBytes != 0 || bytes_ / kNodeBytes > kMostNodes) {
            tools::refuse(
                fmt::format("--sector-size: a sector is made of 1 to {} nodes of {} bytes, and {} is not.",
                            kMostNodes, kNodeBytes, bytes_));
        }
        const ApiVersion version = api_version_ == "1.0"   ? ApiVersion::kV1_0
                                   : api_version_ == "1.1" ? ApiVersion::kV1_1
                                                           : ApiVersion::kV1_2;
        return {
            .bytes = bytes_,
            .api_version = version,
            .porep_id = porep_id_.empty() ? default_porep_id(bytes_, version) : *bytes32_from_hex(porep_id_)};
    }

    CLI::App app;
    bool json = false;

  private:
    std::uint64_t bytes_ = 0;
    std::string porep_id_;
    std::string api_version_ = "1.1";
};

class LabelCommand : public Command {
  public:
    LabelCommand()
        : Command("Labels a sector as the first phase of Filecoin sealing (PC1) does, and measures it.",
                  "pc1-label") {
        app.set_version_flag("-V,--version", "pc1-label " PC1_VERSION, "Show the version and exit");
        add("--layers", layers_, "N",
            "Layers to label. Default: 2 for 2KiB, 4KiB, 16KiB,\n"
            "32KiB, 8MiB, 16MiB, 512MiB, 1GiB; 11 for 32GiB, 64GiB;\n"
            "needed for other sizes")
            ->check(CLI::Range(1U, kMostLayers));
        add("--replica-id", replica_id_, "HEX", "64 hex digits. Default: 32 times 09")->check(hex());
        app.add_flag("--digest", options_.digest, "Show the SHA-256 of each layer (not part of its seconds)");

        app.option_defaults()->group("How it is done; the labels are the same");
        add("--producers", options_.crew.producers, "N",
            "Threads that make nodes ready for the one that hashes;\n"
            "0: it does all alone, as the single-core path of sealers.\n"
            "Default: 1, or 0 if only one CPU may be used")
            ->check(CLI::Range(0U, kMostProducers));
        add("--lookahead", options_.crew.lookahead, "N", "Nodes that may be ready and wait. Default: 2048")
            ->check(CLI::Range(std::size_t{1}, kMostLookahead));
        add("--stride", stride_, "N",
            "Nodes that a producer takes at a time. Default: 128, or\n"
            "the lookahead if that is less");
        add("--parents", parents_, "FROM",
            "compute: each node's parents, in every layer anew;\n"
            "memory: of all nodes before the first layer (1.75 times\n"
            "the sector). Default: compute")
            ->check(CLI::IsMember({"compute", "memory"}));
        add("--alloc", alloc_, "METHOD",
            "How to get the two buffers: mmap (anonymous, locked if\n"
            "allowed, as the multicore path of sealers) or calloc (as\n"
            "their single-core path). Default: mmap, or calloc with\n"
            "--producers 0")
            ->check(CLI::IsMember({"mmap", "calloc"}));
        add("--sha256", sha256_, "NAME",
            "SHA-256 to use: auto, sha-ni, armv8 or portable.\n"
            "Default: auto")
            ->check(CLI::IsMember({"auto", "sha-ni", "armv8", "portable"}));

        app.option_defaults()->group("A stretch of a large sector, to time it");
        add("--start-layer", start_layer_, "K", "Begin with this layer; without --layers label it alone")
            ->check(CLI::Range(1U, kMostLayers));
        add("--max-nodes", max_nodes_, "N", "Label so many nodes of each layer");
        add("--start-node", start_node_, "V", "Begin each layer with this node. Default: 0");
        app.footer(
            "In a stretch all labels that are not computed are pseudo-random, and the\n"
            "digests are of the stretch: they are no layers' digests.\n"
            "\n"
            "'pc1-label parents' digests the parents of all nodes.\n"
            "\n"
            "Examples:\n"
            "  pc1-label --sector-size 64MiB --layers 2 --digest\n"
            "  pc1-label --sector-size 32GiB --start-layer 2 --max-nodes 10000000\n"
            "\n"
            "Exit status: 0 done, 1 failed, 2 wrong usage.");
        options_.crew.producers = usable_cpus() == 1 ? 0 : 1;
    }

    // After parsing.
    [[nodiscard]] Options options() const {
        Options options = options_;
        options.json = json;
        options.sector = sector();
        options.replica_id.fill(kDefaultReplicaByte);
        if (!replica_id_.empty()) {
            options.replica_id = *bytes32_from_hex(replica_id_);
        }
        options.first_layer = start_layer_.value_or(1);
        options.last_layer = last_layer(options);
        options.nodes = nodes(options.sector);
        Crew& crew = options.crew;
        crew.stride =
            stride_ ? within("--stride", *stride_, 1, crew.lookahead) : std::min(crew.stride, crew.lookahead);
        const bool by_calloc = alloc_.empty() ? crew.producers == 0 : alloc_ == "calloc";
        options.allocation = by_calloc ? Allocation::kCalloc : Allocation::kMmap;
        options.parents_in_memory = parents_ == "memory";
        options.sha256 = &kernel();
        return options;
    }

  private:
    static std::uint64_t within(const char* option, std::uint64_t number, std::uint64_t least,
                                std::uint64_t most) {
        if (number < least || number > most) {
            tools::refuse(fmt::format("{}: {} is not from {} to {}.", option, number, least, most));
        }
        return number;
    }

    [[nodiscard]] std::uint32_t last_layer(const Options& options) const {
        if (layers_) {
            within("--start-layer", options.first_layer, 1, *layers_);
            return *layers_;
        }
        if (start_layer_ || max_nodes_ || start_node_) {
            return options.first_layer;
        }
        if (const auto usual = default_layers(options.sector.bytes)) {
            return *usual;
        }
        tools::refuse("--layers is needed: no proof of the network has sectors of this size.");
    }

    [[nodiscard]] NodeRange nodes(const Sector& sector) const {
        const std::uint64_t first = within("--start-node", start_node_.value_or(0), 0, sector.nodes() - 1);
        const std::uint64_t most = sector.nodes() - first;
        return {first, first + within("--max-nodes", max_nodes_.value_or(most), 1, most)};
    }

    // "auto" is the fastest one that has passed its self-test.
    [[nodiscard]] const Sha256Kernel& kernel() const {
        for (const Sha256Kernel* kernel : sha256_kernels()) {
            if (sha256_ == "auto" || sha256_ == CLI::detail::to_lower(kernel->name)) {
                return *kernel;
            }
        }
        tools::refuse("--sha256: this CPU does not have " + sha256_ + ".");
    }

    Options options_;
    std::optional<std::uint32_t> layers_, start_layer_;
    std::optional<std::uint64_t> start_node_, max_nodes_;
    std::optional<std::size_t> stride_;
    std::string replica_id_, alloc_;
    std::string parents_ = "compute";
    std::string sha256_ = "auto";
};

}  // namespace

std::variant<Options, TextForUser> parse_options(int argc, const char* const* argv) {
    LabelCommand command;
    if (auto text = tools::parse(command.app, argc, argv)) {
        return TextForUser{std::move(*text)};
    }
    return command.options();
}

std::variant<ParentsOptions, TextForUser> parse_parents_options(int argc, const char* const* argv) {
    Command command(
        "Computes the parents of all nodes, which the proofs library keeps in a file of\n1.75 times the "
        "sector, and gives their SHA-256, which is that file's.",
        "pc1-label parents");
    unsigned threads = std::min(usable_cpus(), kMostThreads);
    bool digest = false;  // all that there is to do, and asked for by its name
    command.app.add_flag("--digest", digest, "Show the SHA-256. Needed")->required()->option_text(" ");
    command.add("--threads", threads, "T", "Threads that compute. Default: one for each CPU")
        ->check(CLI::Range(1U, kMostThreads));
    command.app.footer(
        "Example:\n"
        "  pc1-label parents --sector-size 512MiB --digest\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage.");
    if (auto text = tools::parse(command.app, argc, argv)) {
        return TextForUser{std::move(*text)};
    }
    return ParentsOptions{.sector = command.sector(), .threads = threads, .json = command.json};
}

unsigned usable_cpus() {
    cpu_set_t cpus;
    // Refused on machines of more CPUs than fit into the set.
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? static_cast<unsigned>(CPU_COUNT(&cpus))
                                                         : std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace pc1
