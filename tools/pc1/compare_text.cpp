// The command line of compare, and what it prints.
#include "tools/common/command_line.h"
#include "tools/pc1/compare.h"
#include "tools/pc1/report.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <string_view>

namespace pc1 {
namespace {

constexpr int kCompareSchema = 1;
constexpr int kLayersOfPc1 = 11;

// For all layers of the sector that was asked about.
double hours_of(const CompareOptions& options, double ns) {
    constexpr double kNsOfAnHour = 3600e9;
    return ns * static_cast<double>(options.sector_bytes) / kNodeBytes * kLayersOfPc1 / kNsOfAnHour;
}

std::string hours_text(double hours) {
    return std::abs(hours) < 0.1 ? fmt::format("{:.1f} min", hours * 60) : fmt::format("{:.1f} h", hours);
}

// Of a terminal; 0 elsewhere.
std::size_t width_of_stdout() {
    winsize size{};
    return isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool has_blocks() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') {
            const std::string_view text(value);
            return text.find("UTF-8") != std::string_view::npos ||
                   text.find("utf8") != std::string_view::npos;
        }
    }
    return false;
}

// As long as the share of the room that stands behind a line.
std::string bar(double share) {
    constexpr std::size_t kLine = 70;
    constexpr std::size_t kWidest = 40;
    const std::size_t width = width_of_stdout();
    if (width <= kLine + 8) {
        return "";
    }
    const auto room = static_cast<double>(std::min(width - kLine - 1, kWidest));
    std::string text = "  ";
    for (double done = 0; done + 0.5 <= share * room; ++done) {
        text += has_blocks() ? "\u2588" : "#";
    }
    return text;
}

// Columns that are empty for a row that is only to compare with.
struct Line {
    std::string memory;
    double ns = 0;
    std::string spread{};
    std::optional<double> of_plain{};
    std::string ready{};
    double share = 0;  // of the longest line's bar
};

std::string text_of(const CompareOptions& options, const Line& line) {
    const double hours = hours_of(options, line.ns);
    const std::string saved =
        line.of_plain && *line.of_plain != 1
            ? fmt::format("{:>9} {:>3.0f} %", hours_text(hours / *line.of_plain - hours),
                          100 * (1 - *line.of_plain))
            : "";
    std::string text =
        fmt::format("{:<24}{:>6.0f}{:>8}{:>9}{:<15}{:>8}{}", line.memory, line.ns, line.spread,
                    hours_text(hours), saved, line.ready, line.share > 0 ? bar(line.share) : "");
    text.resize(text.find_last_not_of(' ') + 1);
    return text + "\n";
}

std::string spread_of(const std::vector<double>& ns) {
    const auto [least, most] = std::ranges::minmax(ns);
    return fmt::format("\u00b1{:.0f} %", 100 * (most - least) / 2 / median(ns));
}

std::string path_text(const CompareOptions& options, const CompareResult& result, Path path) {
    double longest = 0;
    for (const Measured& row : result.rows) {
        longest = std::max(longest, row.path == path && !row.ns.empty() ? median(row.ns) : 0);
    }
    std::string text = fmt::format(
        "\n{} path{}\n{:<24}{:>6}{:>8}{:>9}{:>15}{:>8}\n", name_of(path),
        path == Path::kMulticore ? " (FIL_PROOFS_USE_MULTICORE_SDR=1)" : " (the proofs library's default)",
        "MEMORY", "NS", "SPREAD", "PC1", "SAVED", "READY");
    std::string left_out;
    for (const Measured& row : result.rows) {
        if (row.path != path) {
            continue;
        }
        const std::string name = row.memory + (result.farthest < 0 ? "" : row.is_far ? ", far" : ", near");
        if (row.ns.empty()) {
            left_out += fmt::format("  left out: {}: {}\n", name, row.left_out);
            continue;
        }
        const double ns = median(row.ns);
        text += text_of(options, {.memory = name,
                                  .ns = ns,
                                  .spread = spread_of(row.ns),
                                  .of_plain = median(row.of_plain),
                                  .ready = fmt::format("{:.1f} s", row.ready_seconds),
                                  .share = ns / longest});
    }
    if (path == Path::kSingleCore) {
        text += text_of(options, {.memory = "what the CPU could do", .ns = result.own_ns});
        text += text_of(options, {.memory = "SHA-256 alone", .ns = result.floor_ns});
    }
    return text + left_out;
}

}  // namespace

std::variant<CompareOptions, TextForUser> parse_compare_options(int argc, const char* const* argv) {
    constexpr std::uint64_t kLeast = std::uint64_t{16} << 20;
    constexpr double kLongest = 24 * 60;
    CLI::App app(
        "Says what a sealer would gain on this machine: times labels as filecoin-proofs makes\n"
        "them, on ordinary pages, on transparent huge pages and with the shim, and tells how\n"
        "long PC1 of a sector (11 layers) would take on each.",
        "pc1-label compare");
    app.get_formatter()->column_width(24);
    app.set_help_flag("-h,--help", "Show this help and exit");
    CompareOptions options{.sector_bytes = 0, .minutes = 2, .paths = {}};
    std::string path = "both";
    app.add_option("--sector", options.sector_bytes,
                   "Size of the sector, e.g. 32GiB: a power of two. Needed.\n"
                   "It is measured on a smaller one if memory is short")
        ->option_text("SIZE")
        ->required()
        ->transform(CLI::AsSizeValue(true));
    app.add_option("--minutes", options.minutes, "How long it may take. Default: 2")
        ->option_text("M")
        ->check(CLI::Range(0.0, kLongest));
    app.add_option("--path", path, "single-core, multicore or both. Default: both")
        ->option_text("PATH")
        ->check(CLI::IsMember({"single-core", "multicore", "both"}));
    app.add_flag("--fragmented", options.fragmented,
                 "First bring free memory into the state that it has after\n"
                 "days of uptime, when transparent huge pages are rare");
    app.add_flag("--json", options.json, "Print the result as one JSON object");
    app.footer(
        "As root it makes files of huge pages for the time of the comparison, and gives all\n"
        "back, also after Ctrl-C. Other users see the rows that need none.\n"
        "\n"
        "Example:\n"
        "  sudo pc1-label compare --sector 32GiB\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 128+n interrupted by signal n.");
    if (auto text = tools::parse(app, argc, argv)) {
        return TextForUser{std::move(*text)};
    }
    if (!std::has_single_bit(options.sector_bytes) || options.sector_bytes < kLeast ||
        options.sector_bytes / kNodeBytes > kMostNodes) {
        tools::refuse("--sector: it must be a power of two from 16MiB to 64GiB.");
    }
    if (path != "multicore") {
        options.paths.push_back(Path::kSingleCore);
    }
    if (path != "single-core") {
        options.paths.push_back(Path::kMulticore);
    }
    return options;
}

std::string as_table(const CompareOptions& options, const CompareResult& result) {
    std::size_t rounds = 0;
    for (const Measured& row : result.rows) {
        rounds = std::max(rounds, row.ns.size());
    }
    std::string text = fmt::format(
        "PC1 of a {} sector (11 layers), as filecoin-proofs takes on this machine.\n"
        "Measured on {}, {} rounds, {} CPUs. NS: nanoseconds for a label of layer 2;\n"
        "READY: until both buffers are in place.\n",
        size_text(options.sector_bytes), size_text(result.sector_bytes), rounds, result.cpus);
    if (result.farthest >= 0) {
        text += fmt::format("near: memory on node {}, where it runs; far: on node {}.\n", result.near,
                            result.farthest);
    }
    for (const Path path : options.paths) {
        text += path_text(options, result, path);
    }
    for (const Measured& row : result.rows) {
        if (!row.ns.empty() && row.path == options.paths.front() && !row.is_far &&
            row.memory == "transparent huge") {
            text += fmt::format("\nOf the buffers on transparent huge pages at least {:.0f} % were huge.\n",
                                100 * row.least_huge);
        }
    }
    return result.fragmented.empty() ? text
                                     : text + "Free memory was fragmented: " + result.fragmented + ".\n";
}

std::string as_json(const CompareOptions& options, const CompareResult& result) {
    using Json = nlohmann::ordered_json;
    Json rows = Json::array();
    for (const Measured& row : result.rows) {
        Json entry = {{"path", name_of(row.path)},
                      {"memory", row.memory},
                      {"node", row.is_far ? result.farthest : result.near}};
        if (row.ns.empty()) {
            entry["left_out"] = row.left_out;
        } else {
            const double ns = median(row.ns);
            entry.update({{"ns", ns},
                          {"of_plain", median(row.of_plain)},
                          {"hours", hours_of(options, ns)},
                          {"ready_seconds", row.ready_seconds},
                          {"least_huge_share", row.least_huge},
                          {"rounds_ns", row.ns},
                          {"rounds_of_plain", row.of_plain}});
        }
        rows.push_back(std::move(entry));
    }
    constexpr int kIndent = 2;
    const Json object = {{"schema_version", kCompareSchema},
                         {"program", "pc1-label compare"},
                         {"version", PC1_VERSION},
                         {"sector_bytes", options.sector_bytes},
                         {"measured_sector_bytes", result.sector_bytes},
                         {"layers", kLayersOfPc1},
                         {"labels", result.labels},
                         {"cpus", result.cpus},
                         {"near_node", result.near},
                         {"far_node", result.farthest < 0 ? Json() : Json(result.farthest)},
                         {"fragmented", result.fragmented.empty() ? Json() : Json(result.fragmented)},
                         {"sha256_ns", result.floor_ns},
                         {"own_kernel_ns", result.own_ns},
                         {"rows", std::move(rows)}};
    return object.dump(kIndent) + "\n";
}

std::string run_stretch(int argc, const char* const* argv) {
    CLI::App app("Labels for compare.", kStretchCommand);
    Stretch stretch;
    app.add_option("BYTES", stretch.sector_bytes)->required();
    app.add_option("LABELS", stretch.labels)->required();
    app.add_option("PATH", stretch.path)
        ->required()
        ->transform(CLI::Transformer(std::map<std::string, Path>{{"single-core", Path::kSingleCore},
                                                                 {"multicore", Path::kMulticore}}));
    app.add_option("PAGES", stretch.pages)
        ->required()
        ->transform(CLI::Transformer(
            std::map<std::string, Stretch::Pages>{{"asis", Stretch::Pages::asis},
                                                  {"small", Stretch::Pages::small},
                                                  {"transparent", Stretch::Pages::transparent}}));
    app.add_option("KERNEL", stretch.own_kernel)
        ->required()
        ->transform(CLI::Transformer(std::map<std::string, bool>{{"own", true}, {"upstream", false}}));
    if (const auto text = tools::parse(app, argc, argv)) {
        return *text;
    }
    const StretchResult result = label_stretch(stretch);
    return nlohmann::json{{"ns", result.ns},
                          {"ready_seconds", result.ready_seconds},
                          {"pages", pages_as_json(result.buffers)}}
               .dump() +
           "\n";
}

}  // namespace pc1
