// The command compare: its words, and its report for people.
#include "tools/common/command_line.h"
#include "tools/common/terminal.h"
#include "tools/pc1/compare.h"

#include <CLI/CLI.hpp>
#include <langinfo.h>
#include <nlohmann/json.hpp>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <bit>
#include <clocale>
#include <cmath>
#include <string_view>

namespace pc1 {
namespace {

std::string hours_text(double hours) {
    return std::abs(hours) < 0.1 ? fmt::format("{:.1f} min", hours * 60) : fmt::format("{:.1f} h", hours);
}

// As long as the share of the room that stands behind a line, on a terminal that has some.
std::string bar(double share) {
    constexpr std::size_t kLine = 72;
    constexpr std::size_t kWidest = 40;
    const tools::Terminal terminal = tools::Terminal::of_stdout();
    if (!terminal.can_redraw || terminal.columns <= kLine + 8) {
        return "";
    }
    static const bool has_blocks =
        std::setlocale(LC_CTYPE, "") != nullptr && std::string_view(nl_langinfo(CODESET)) == "UTF-8";
    const auto room = static_cast<double>(std::min(terminal.columns - kLine - 1, kWidest));
    std::string text = "  ";
    for (double done = 0; done + 0.5 <= share * room; ++done) {
        text += has_blocks ? "\u2588" : "#";
    }
    return text;
}

// With columns that are empty for a row that is only to compare with.
std::string line_of(const std::string& memory, const Json& row, double longest) {
    std::string spread;
    std::string saved;
    std::string ready;
    const double hours = number_in(row, "hours");
    if (row.contains("of_plain")) {
        const double of_plain = number_in(row, "of_plain");
        const auto [least, most] = std::ranges::minmax(row.at("rounds_ns").get<std::vector<double>>());
        spread = fmt::format("\u00b1{:.0f} %", 100 * (most - least) / 2 / number_in(row, "ns"));
        saved =
            of_plain == 1 || std::isnan(of_plain)
                ? ""
                : fmt::format("{:>9} {:>3.0f} %", hours_text(hours / of_plain - hours), 100 * (1 - of_plain));
        ready = fmt::format("{:.1f} s", number_in(row, "ready_seconds"));
    }
    std::string text =
        fmt::format("{:<26}{:>6.0f}{:>8}{:>9}{:<15}{:>8}{}", memory, number_in(row, "ns"), spread,
                    hours_text(hours), saved, ready, ready.empty() ? "" : bar(hours / longest));
    text.resize(text.find_last_not_of(' ') + 1);
    return text + "\n";
}

// What each part gives, by rows of one path: a memory beside the one that lacks that part alone.
std::string parts_text(const std::vector<Json>& rows, int near) {
    const auto of_plain = [&](std::string_view begin, std::string_view end, bool is_near = true) {
        double found = NAN;  // the last one that is so called
        for (const Json& row : rows) {
            const std::string memory = row.at("memory");
            if (memory.starts_with(begin) && memory.ends_with(end) && (row.at("node") == near) == is_near) {
                found = row.at("of_plain");
            }
        }
        return found;
    };
    std::string text;
    const auto add = [&](const char* name, double part) {
        if (!std::isnan(part)) {
            text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", name, 100 * part);
        }
    };
    const double aligned = of_plain("", "page-aligned");  // not on the multicore path: mmap's are so anyway
    const bool is_single = !std::isnan(aligned);
    const double huge = is_single ? of_plain("page-aligned THP", "") : of_plain("transparent", "");
    const double pool = of_plain("shim", "B pages");
    add("page-aligned", 1 - aligned);
    add("huge pages", (is_single ? aligned : 1) - huge);
    add("from a pool", huge - pool);
    add("near node", of_plain("shim", "B pages", false) - pool);
    return text.empty() ? "" : "what gives it: " + text + "\n";
}

std::string path_text(const Json& report, const std::string& path) {
    std::vector<Json> rows;
    std::string left_out;
    double longest = 0;
    const auto name_of_row = [&](const Json& row) {
        const bool is_near = row.at("node") == report.at("near_node");
        return text_in(row, "memory") + (report.at("far_node").is_null() ? "" : is_near ? ", near" : ", far");
    };
    for (const Json& row : report.at("rows")) {
        if (row.at("path") == path && row.contains("left_out")) {
            left_out += fmt::format("  left out: {}: {}\n", name_of_row(row), text_in(row, "left_out"));
        } else if (row.at("path") == path) {
            rows.push_back(row);
            longest = std::max(longest, number_in(row, "hours"));
        }
    }
    const bool is_single = path == name_of(Path::kSingleCore);
    std::string text =
        fmt::format("\n{} path{}\n{:<26}{:>6}{:>8}{:>9}{:>15}{:>8}\n", path,
                    is_single ? " (the proofs library's default)" : " (FIL_PROOFS_USE_MULTICORE_SDR=1)",
                    "MEMORY", "NS", "SPREAD", "PC1", "SAVED", "READY");
    for (const Json& row : rows) {
        text += line_of(name_of_row(row), row, longest);
    }
    for (const auto& [name, key] :
         {std::pair("what the CPU could do", "own_kernel"), {"SHA-256 alone", "sha256"}}) {
        text += is_single && !report.at(key).is_null() ? line_of(name, report.at(key), longest) : "";
    }
    return text + parts_text(rows, report.at("near_node")) + left_out;
}

std::string compare_table(const Json& report) {
    std::size_t rounds = 0;
    std::vector<std::string> paths;
    for (const Json& row : report.at("rows")) {
        const std::string path = row.at("path");
        rounds = std::max(rounds, row.value("rounds_ns", Json::array()).size());
        if (paths.empty() || paths.back() != path) {
            paths.push_back(path);
        }
    }
    std::string text = fmt::format(
        "PC1 of a {} sector (11 layers), as filecoin-proofs takes on this machine.\n"
        "Measured on {}, {} rounds, {} CPUs. NS: nanoseconds for a label of layer 2;\n"
        "READY: until both buffers are in place.\n",
        size_in(report, "sector_bytes"), size_in(report, "measured_sector_bytes"), rounds,
        report.at("cpus").get<unsigned>());
    if (!report.at("far_node").is_null()) {
        text += fmt::format("near: memory on node {}, where it runs; far: on node {}.\n",
                            report.at("near_node").get<int>(), report.at("far_node").get<int>());
    }
    for (const std::string& path : paths) {
        text += path_text(report, path);
    }
    for (const Json& row : report.at("rows")) {
        if (row.contains("ns") && row.at("path") == paths.front() &&
            row.at("node") == report.at("near_node") && row.at("memory") == "transparent huge") {
            text += fmt::format(
                "\nOf the buffers on transparent huge pages at least {:.0f} % were huge. Page-aligned\n"
                "ones are what the shim gives without a pool (hugepagectl run --thp).\n",
                100 * number_in(row, "least_huge_share"));
        }
    }
    return report.at("fragmented").is_null()
               ? text
               : text + "Free memory was fragmented: " + text_in(report, "fragmented") + ".\n";
}

}  // namespace

std::string compare_command(int argc, const char* const* argv) {
    constexpr double kLongest = 24 * 60;
    CLI::App app(
        "Says what a sealer would gain on this machine: times labels as filecoin-proofs\n"
        "makes them, on ordinary pages, on transparent huge pages and with the shim, and\n"
        "tells how long PC1 of a sector (11 layers) would take on each.",
        "pc1-label compare");
    app.get_formatter()->column_width(24);
    app.set_help_flag("-h,--help", "Show this help and exit");
    CompareOptions options;
    std::string path = "both";
    bool json = false;
    app.add_option("--sector", options.sector_bytes,
                   "Size of the sector, e.g. 32GiB: a power of two. Needed.\n"
                   "It is measured on a smaller one if memory, or time, is\nshort")
        ->option_text("SIZE")
        ->required()
        ->transform(CLI::AsSizeValue(true));
    app.add_option("--minutes", options.minutes, "How long it may take; some seconds at least. Default: 2")
        ->option_text("M")
        ->check(CLI::Range(0.0, kLongest));
    app.add_option("--path", path, "single-core, multicore or both. Default: both")
        ->option_text("PATH")
        ->check(CLI::IsMember({"single-core", "multicore", "both"}));
    app.add_flag("--fragmented", options.fragmented,
                 "First bring free memory into the state that it has after\n"
                 "days of uptime, when transparent huge pages are rare");
    app.add_flag("--json", json, "Print the result as one JSON object");
    app.footer(
        "As root it makes files of huge pages for the time of the comparison, and gives\n"
        "all back, also after Ctrl-C. Other users see the rows that need none.\n"
        "\n"
        "Example:\n"
        "  sudo pc1-label compare --sector 32GiB\n"
        "\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage, 128+n interrupted by signal n.");
    if (const auto help = tools::parse(app, argc, argv)) {
        return *help;
    }
    if (!std::has_single_bit(options.sector_bytes) || options.sector_bytes < kLeastSector ||
        options.sector_bytes / kNodeBytes > kMostNodes) {
        tools::refuse("--sector: it must be a power of two from 16MiB to 64GiB.");
    }
    for (const Path each : {Path::kSingleCore, Path::kMulticore}) {
        if (path == "both" || path == name_of(each)) {
            options.paths.push_back(each);
        }
    }
    const Json report = compare(options);
    return json ? json_text(report) : compare_table(report);
}

}  // namespace pc1
