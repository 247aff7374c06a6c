// Reading the command line: CLI11 splits it, the values are checked here.
#include "tools/pc1/options.h"

#include "tools/common/command_line.h"
#include "tools/pc1/cores.h"
#include "tools/pc1/sector.h"
#include "tools/pc1/sha256.h"
#include "tools/pc1/values.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

namespace pc1 {
namespace {

constexpr std::uint8_t kDefaultReplicaByte = 9;
constexpr unsigned kMostProducers = 64;
constexpr std::size_t kMostLookahead = 1 << 20;

// The values as they were written; empty where the option was left out.
struct RawOptions {
    std::string sector_size, layers, start_layer, start_node, max_nodes, replica_id, porep_id, output;
    std::string api_version = "1.1";
    std::string parents = "compute";
    std::string producers, lookahead, stride, alloc;
    std::string bind = "auto";
    std::string sha256 = "auto";
};

void describe(CLI::App& app, RawOptions& raw, Options& options) {
    const auto add = [&app](const char* name, std::string& value, const char* what, const char* text) {
        app.add_option(name, value, text)->option_text(what);
    };
    app.get_formatter()->column_width(24);
    app.set_help_flag("-h,--help", "Show this help and exit");
    app.set_version_flag("-V,--version", "pc1-label " PC1_VERSION, "Show the version and exit");
    add("--sector-size", raw.sector_size, "SIZE",
        "Size of the sector, e.g. 2KiB, 64MiB, 32GiB (binary),\n"
        "1GB (decimal) or bytes; a multiple of 32. Needed");
    add("--layers", raw.layers, "N",
        "Layers to label. Default: 2 for 2KiB, 4KiB, 16KiB,\n"
        "32KiB, 8MiB, 16MiB, 512MiB, 1GiB; 11 for 32GiB, 64GiB;\n"
        "needed for other sizes");
    add("--replica-id", raw.replica_id, "HEX", "64 hex digits. Default: 32 times 09");
    add("--porep-id", raw.porep_id, "HEX",
        "64 hex digits. Default: that of the registered proof of\n"
        "this size and API version, if there is one; else all\n"
        "zero (API 1.0), or 05 and then zeros (1.1 and 1.2)");
    add("--api-version", raw.api_version, "VERSION",
        "Which graph: 1.0, 1.1 or 1.2 (same as 1.1). Default: 1.1");
    add("--output", raw.output, "DIR",
        "Write the layers to sc-02-data-layer-<k>.dat in this\n"
        "folder; those that are there already, as its file\n"
        "pc1-label.json says, are read. Default: keep none");
    app.add_flag("--digest", options.digest, "Show the SHA-256 of each layer (not part of its seconds)");
    app.add_flag("--json", options.json, "Print the result as one JSON object");

    app.option_defaults()->group("How it is done; the labels are the same");
    add("--producers", raw.producers, "N",
        "Threads that make nodes ready for the one that hashes;\n"
        "0: it does all alone, as the single-core path of sealers.\n"
        "Default: 1, or 0 if only one CPU may be used");
    add("--lookahead", raw.lookahead, "N", "Nodes that may be ready and wait. Default: 2048");
    add("--stride", raw.stride, "N",
        "Nodes that a producer takes at a time. Default: 128, or\n"
        "the lookahead if that is less");
    add("--parents", raw.parents, "FROM",
        "compute: each node's parents, in every layer anew;\n"
        "memory: of all nodes before the first layer (1.75 times\n"
        "the sector); file:PATH: read from a parent cache file\n"
        "(see 'pc1-label parents --help'). Default: compute");
    add("--alloc", raw.alloc, "METHOD",
        "How to get the two buffers: mmap (anonymous, locked if\n"
        "allowed, as the multicore path of sealers) or calloc (as\n"
        "their single-core path). Default: mmap, or calloc with\n"
        "--producers 0");
    add("--bind", raw.bind, "WHERE",
        "auto: all threads to CPUs of one node that share a\n"
        "cache, among those allowed (taskset, numactl); off: no.\n"
        "Default: auto");
    add("--sha256", raw.sha256, "NAME",
        "SHA-256 to use: auto, sha-ni, armv8 or portable.\n"
        "Default: auto");

    app.option_defaults()->group("A stretch of a large sector, to time it");
    add("--start-layer", raw.start_layer, "K", "Begin with this layer; without --layers label it alone");
    add("--max-nodes", raw.max_nodes, "N", "Label so many nodes of each layer");
    add("--start-node", raw.start_node, "V", "Begin each layer with this node. Default: 0");
    app.footer(
        "In a stretch all labels that are not computed are pseudo-random, and the\n"
        "digests are of the stretch: they are no layers' digests.\n"
        "\n"
        "'pc1-label parents' makes or digests the file of all parents.\n"
        "\n"
        "Examples:\n"
        "  pc1-label --sector-size 64MiB --layers 2 --digest\n"
        "  pc1-label --sector-size 32GiB --start-layer 2 --max-nodes 10000000\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage or input that will not do,\n"
        "128+n ended by signal n.");
}

// "auto" is the fastest one that has passed its self-test.
const Sha256Kernel& sha256_of(const std::string& text) {
    const std::pair<const char*, const char*> kNames[] = {
        {"auto", nullptr}, {"sha-ni", "SHA-NI"}, {"armv8", "ARMv8"}, {"portable", kSha256Portable.name}};
    const char* wanted = choice("--sha256", text, kNames);
    if (wanted == nullptr) {
        return best_sha256_kernel();
    }
    for (const Sha256Kernel* kernel : sha256_kernels()) {
        if (std::string_view(kernel->name) == wanted) {
            return *kernel;
        }
    }
    throw tools::WrongCommandLine("--sha256: this CPU does not have " + std::string(wanted) + ".");
}

void set_layers(const RawOptions& raw, Options& options) {
    constexpr std::uint64_t kMostLayers = std::numeric_limits<std::uint32_t>::max();
    const auto layer_number = [&](const char* option, const std::string& text, std::uint64_t least) {
        return static_cast<std::uint32_t>(number_of(option, text, least, kMostLayers));
    };
    if (!raw.start_layer.empty()) {
        options.first_layer = layer_number("--start-layer", raw.start_layer, 1);
    }
    if (!raw.layers.empty()) {
        options.last_layer = layer_number("--layers", raw.layers, 1);
        if (options.last_layer < options.first_layer) {
            throw tools::WrongCommandLine("--start-layer: there is no layer " + raw.start_layer + " of " +
                                          raw.layers + ".");
        }
    } else if (!raw.start_layer.empty() || !raw.max_nodes.empty() || !raw.start_node.empty()) {
        options.last_layer = options.first_layer;
    } else if (const auto usual_layers = default_layers(options.sector_size)) {
        options.last_layer = *usual_layers;
    } else {
        throw tools::WrongCommandLine("--layers is needed: no proof of the network has sectors of " +
                                      size_text(options.sector_size) + ".");
    }
}

void set_nodes(const RawOptions& raw, Options& options) {
    options.nodes.last = options.sector_size / kNodeBytes;
    if (!raw.start_node.empty()) {
        options.nodes.first = number_of("--start-node", raw.start_node, 0, options.nodes.last - 1);
    }
    if (!raw.max_nodes.empty()) {
        const std::uint64_t most = options.nodes.last - options.nodes.first;
        options.nodes.last = options.nodes.first + number_of("--max-nodes", raw.max_nodes, 1, most);
    }
}

void set_crew(const RawOptions& raw, Crew& crew) {
    crew.producers = usable_cpus() == 1 ? 0 : 1;
    if (!raw.producers.empty()) {
        crew.producers = static_cast<unsigned>(number_of("--producers", raw.producers, 0, kMostProducers));
    }
    if (!raw.lookahead.empty()) {
        crew.lookahead = number_of("--lookahead", raw.lookahead, 1, kMostLookahead);
    }
    crew.stride = raw.stride.empty() ? std::min(crew.stride, crew.lookahead)
                                     : number_of("--stride", raw.stride, 1, crew.lookahead);
}

void set_parents(const RawOptions& raw, Options& options) {
    constexpr std::string_view kFile = "file:";
    if (raw.parents.starts_with(kFile) && raw.parents.size() > kFile.size()) {
        options.parents = ParentsFrom::kFile;
        options.parent_file = raw.parents.substr(kFile.size());
    } else {
        options.parents = choice<ParentsFrom>("--parents", raw.parents,
                                              {{"compute", ParentsFrom::kCompute},
                                               {"memory", ParentsFrom::kMemory},
                                               {"file:PATH", ParentsFrom::kFile}});
    }
}

Options checked(const RawOptions& raw, Options options) {
    options.sector_size = sector_size_of(raw.sector_size);
    options.api_version = api_version_of(raw.api_version);
    options.porep_id = porep_id_of(raw.porep_id, options.sector_size, options.api_version);
    options.replica_id.fill(kDefaultReplicaByte);
    if (!raw.replica_id.empty()) {
        options.replica_id = bytes32_of("--replica-id", raw.replica_id);
    }
    set_layers(raw, options);
    set_nodes(raw, options);
    set_crew(raw, options.crew);
    set_parents(raw, options);
    options.allocation = options.crew.producers == 0 ? Allocation::kCalloc : Allocation::kMmap;
    if (!raw.alloc.empty()) {
        options.allocation = choice<Allocation>(
            "--alloc", raw.alloc, {{"mmap", Allocation::kMmap}, {"calloc", Allocation::kCalloc}});
    }
    options.bind = choice<bool>("--bind", raw.bind, {{"auto", true}, {"off", false}});
    options.sha256 = &sha256_of(raw.sha256);
    if (!raw.output.empty()) {
        if (!options.is_whole()) {
            throw tools::WrongCommandLine("--output is for whole layers, and this is a stretch of them.");
        }
        options.output = raw.output;
    }
    return options;
}

}  // namespace

std::variant<Options, TextForUser> parse_options(int argc, const char* const* argv) {
    CLI::App app("Labels a sector as the first phase of Filecoin sealing (PC1) does, and measures it.",
                 "pc1-label");
    RawOptions raw;
    Options options;
    describe(app, raw, options);
    if (auto text = tools::parse(app, argc, argv)) {
        return TextForUser{std::move(*text)};
    }
    return checked(raw, std::move(options));
}

const char* to_text(Allocation allocation) {
    return allocation == Allocation::kMmap ? "mmap" : "calloc";
}

const char* to_text(ParentsFrom parents) {
    switch (parents) {
        case ParentsFrom::kCompute:
            return "compute";
        case ParentsFrom::kMemory:
            return "memory";
        case ParentsFrom::kFile:
            return "file";
    }
    return "unknown";
}

}  // namespace pc1
