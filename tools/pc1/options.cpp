// Reading the command line: CLI11 splits it, the values are checked here, to their last character.
#include "tools/pc1/options.h"

#include "tools/common/command_line.h"
#include "tools/pc1/sector.h"
#include "tools/pc1/sha256.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace pc1 {
namespace {

constexpr std::uint8_t kDefaultReplicaByte = 9;

// The values as they were written; empty where the option was left out.
struct RawOptions {
    std::string sector_size, layers, replica_id, porep_id, api_version, alloc, sha256, output;
};

void describe(CLI::App& app, RawOptions& raw, Options& options) {
    app.get_formatter()->column_width(24);
    app.set_help_flag("-h,--help", "Show this help and exit");
    app.set_version_flag("-V,--version", "pc1-label " PC1_VERSION, "Show the version and exit");
    app.add_option("--sector-size", raw.sector_size,
                   "Size of the sector, e.g. 2KiB, 64MiB, 32GiB (binary),\n"
                   "1GB (decimal) or bytes; a multiple of 32. Needed")
        ->type_name("SIZE")
        ->option_text("SIZE");
    app.add_option("--layers", raw.layers,
                   "Layers to label. Default: 2 for 2KiB, 4KiB, 16KiB,\n"
                   "32KiB, 8MiB, 16MiB, 512MiB, 1GiB; 11 for 32GiB, 64GiB;\n"
                   "needed for other sizes")
        ->type_name("N")
        ->option_text("N");
    app.add_option("--replica-id", raw.replica_id, "64 hex digits. Default: 32 times 09")
        ->type_name("HEX")
        ->option_text("HEX");
    app.add_option("--porep-id", raw.porep_id,
                   "64 hex digits. Default: that of the registered proof of\n"
                   "this size and API version, if there is one; else all\n"
                   "zero (API 1.0), or 05 and then zeros (1.1 and 1.2)")
        ->type_name("HEX")
        ->option_text("HEX");
    app.add_option("--api-version", raw.api_version,
                   "Which graph: 1.0, 1.1 or 1.2 (same as 1.1). Default: 1.1")
        ->type_name("VERSION")
        ->option_text("VERSION");
    app.add_option("--alloc", raw.alloc,
                   "How to get the two buffers: mmap (anonymous, locked if\n"
                   "allowed, as the multicore path of sealers) or calloc (as\n"
                   "their single-core path). Default: mmap")
        ->type_name("METHOD")
        ->option_text("METHOD");
    app.add_option("--sha256", raw.sha256, "SHA-256 to use: auto, sha-ni or portable. Default: auto")
        ->type_name("NAME")
        ->option_text("NAME");
    app.add_option("--output", raw.output,
                   "Write the layers to sc-02-data-layer-<k>.dat in this\n"
                   "folder. Default: keep none")
        ->type_name("DIR")
        ->option_text("DIR");
    app.add_flag("--digest", options.digest, "Show the SHA-256 of each layer (not part of its seconds)");
    app.add_flag("--json", options.json, "Print the result as one JSON object");
    app.footer(
        "Memory needed: 3.75 times the sector size (two layers and all parents).\n"
        "\n"
        "Example:\n"
        "  pc1-label --sector-size 64MiB --layers 2 --digest\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage.");
}

std::uint64_t sector_size_of(const std::string& text) {
    const auto size = parse_size(text);
    if (!size) {
        throw tools::WrongCommandLine("--sector-size: '" + text +
                                      "' is no size; write it like 2KiB, 64MiB, 32GiB or 2048.");
    }
    if (const auto reason = why_not_a_sector_size(*size)) {
        throw tools::WrongCommandLine("--sector-size: '" + text + "' will not do: " + *reason + ".");
    }
    return *size;
}

std::uint32_t layers_of(const std::string& text) {
    std::uint32_t layers = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), layers);
    if (error != std::errc{} || end != text.data() + text.size() || layers == 0) {
        throw tools::WrongCommandLine("--layers: '" + text + "' is no number from 1 to 4294967295.");
    }
    return layers;
}

Bytes32 bytes32_of(const std::string& option, const std::string& text) {
    const auto bytes = bytes32_from_hex(text);
    if (!bytes) {
        throw tools::WrongCommandLine(option + ": '" + text + "' is not 64 hexadecimal digits.");
    }
    return *bytes;
}

// The value that goes by this name.
template <class Value, std::size_t N>
Value choice(const std::string& option, const std::string& text,
             const std::pair<const char*, Value> (&choices)[N]) {
    std::string known;
    for (const auto& [name, value] : choices) {
        if (text == name) {
            return value;
        }
        known += known.empty() ? "" : ", ";
        known += name;
    }
    throw tools::WrongCommandLine(option + ": '" + text + "' is none of " + known + ".");
}

// "auto" is the fastest one that has passed its self-test.
const Sha256Kernel& sha256_of(const std::string& text) {
    const std::pair<const char*, const char*> kNames[] = {
        {"auto", nullptr}, {"sha-ni", "SHA-NI"}, {"portable", kSha256Portable.name}};
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

Options checked(const RawOptions& raw, Options options) {
    options.sector_size = sector_size_of(raw.sector_size);
    options.api_version = choice<ApiVersion>(
        "--api-version", raw.api_version,
        {{"1.0", ApiVersion::kV1_0}, {"1.1", ApiVersion::kV1_1}, {"1.2", ApiVersion::kV1_2}});
    options.allocation = choice<Allocation>("--alloc", raw.alloc,
                                            {{"mmap", Allocation::kMmap}, {"calloc", Allocation::kCalloc}});
    options.sha256 = &sha256_of(raw.sha256);

    const auto usual_layers = default_layers(options.sector_size);
    if (raw.layers.empty() && !usual_layers) {
        throw tools::WrongCommandLine("--layers is needed: no proof of the network has sectors of " +
                                      size_text(options.sector_size) + ".");
    }
    options.layers = raw.layers.empty() ? *usual_layers : layers_of(raw.layers);
    options.porep_id = raw.porep_id.empty() ? default_porep_id(options.sector_size, options.api_version)
                                            : bytes32_of("--porep-id", raw.porep_id);
    options.replica_id.fill(kDefaultReplicaByte);
    if (!raw.replica_id.empty()) {
        options.replica_id = bytes32_of("--replica-id", raw.replica_id);
    }
    if (!raw.output.empty()) {
        options.output = raw.output;
    }
    return options;
}

}  // namespace

std::variant<Options, TextForUser> parse_options(int argc, const char* const* argv) {
    CLI::App app("Labels a sector as the first phase of Filecoin sealing (PC1) does, and measures it.",
                 "pc1-label");
    RawOptions raw{.sector_size = {},
                   .layers = {},
                   .replica_id = {},
                   .porep_id = {},
                   .api_version = "1.1",
                   .alloc = "mmap",
                   .sha256 = "auto",
                   .output = {}};
    Options options;
    describe(app, raw, options);
    if (auto text = tools::parse(app, argc, argv)) {
        return TextForUser{std::move(*text)};
    }
    if (raw.sector_size.empty()) {
        throw tools::WrongCommandLine("--sector-size is needed.");
    }
    return checked(raw, std::move(options));
}

const char* to_text(Allocation allocation) {
    return allocation == Allocation::kMmap ? "mmap" : "calloc";
}

}  // namespace pc1
