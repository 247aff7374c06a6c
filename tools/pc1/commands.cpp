#include "tools/pc1/commands.h"

#include "tools/common/command_line.h"
#include "tools/common/values.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <sched.h>

#include <algorithm>
#include <thread>

namespace pc1 {

SectorOptions::SectorOptions(CLI::App& app) {
    app.get_formatter()->column_width(24);
    app.set_help_flag("-h,--help", "Show this help and exit");
    app.add_option("--sector-size", bytes,
                   "Size of the sector, e.g. 2KiB, 64MiB, 32GiB (binary),\n"
                   "1GB (decimal) or bytes; a multiple of 32. Needed")
        ->option_text("SIZE")
        ->required()
        ->transform(CLI::AsSizeValue(true));
    add_hex(app, "--porep-id", porep_id,
            "64 hex digits. Default: that of the registered proof of\n"
            "this size and API version, if there is one; else all\n"
            "zero (API 1.0), or 05 and then zeros (1.1 and 1.2)");
    app.add_option("--api-version", api_version, "Which graph: 1.0, 1.1 or 1.2 (same as 1.1). Default: 1.1")
        ->option_text("VERSION")
        ->check(CLI::IsMember({"1.0", "1.1", "1.2"}));
    app.add_flag("--json", json, "Print the result as one JSON object");
}

Sector SectorOptions::sector() const {
    if (bytes == 0 || bytes % kNodeBytes != 0 || bytes / kNodeBytes > kMostNodes) {
        tools::refuse("--sector-size: a sector is made of 1 to {} nodes of {} bytes, and {} is not.",
                      kMostNodes, kNodeBytes, bytes);
    }
    const ApiVersion version = api_version == "1.0"   ? ApiVersion::kV1_0
                               : api_version == "1.1" ? ApiVersion::kV1_1
                                                      : ApiVersion::kV1_2;
    return {.bytes = bytes,
            .api_version = version,
            .porep_id = porep_id.value_or(default_porep_id(bytes, version))};
}

void add_hex(CLI::App& app, const std::string& name, std::optional<Bytes32>& value, const std::string& help) {
    const auto read = [name, &value](const std::string& text) {
        value = bytes32_from_hex(text);
        if (!value) {
            tools::refuse("{}: '{}' is not 64 hexadecimal digits.", name, text);
        }
    };
    app.add_option_function<std::string>(name, read, help)->option_text("HEX");
}

unsigned usable_cpus() {
    cpu_set_t cpus;
    // Refused on machines of more CPUs than fit into the set.
    return sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? static_cast<unsigned>(CPU_COUNT(&cpus))
                                                         : std::max(1U, std::thread::hardware_concurrency());
}

Json report_on(const char* program, const Sector& sector) {
    return {{"schema_version", 1},
            {"program", program},
            {"version", PC1_VERSION},
            {"sector_size", sector.bytes},
            {"nodes", sector.nodes()},
            {"api_version", to_text(sector.api_version)},
            {"porep_id", to_hex(sector.porep_id)}};
}

std::string sector_facts(const Json& report) {
    std::string text = fact("Sector size", fmt::format("{}, {} nodes", size_in(report, "sector_size"),
                                                       report.at("nodes").get<std::uint64_t>()));
    if (report.contains("stretch")) {
        text += fact("Stretch", fmt::format("the first {} nodes of each layer",
                                            report.at("stretch").at("nodes").get<std::uint64_t>()));
    }
    return text + fact("API version", text_in(report, "api_version")) +
           fact("PoRep id", text_in(report, "porep_id"));
}

std::string fact(const char* name, const std::string& value) {
    return fmt::format("{:<14}{}\n", name, value);
}

std::string text_in(const Json& object, const char* key) {
    return object.at(key).get<std::string>();
}

double number_in(const Json& object, const char* key) {
    return object.at(key).get<double>();
}

std::string size_in(const Json& object, const char* key) {
    return tools::page_size_text({object.at(key).get<std::uint64_t>()});
}

std::string per_node(std::uint64_t nodes, tools::Seconds elapsed) {
    return fmt::format("{:.0f} ns/node", elapsed.count() * 1e9 / static_cast<double>(nodes));
}

std::string json_text(const Json& report) {
    constexpr int kIndent = 2;
    return report.dump(kIndent) + "\n";
}

}  // namespace pc1
