// A process's buffers, for people.
#include "tools/common/wording.h"
#include "tools/ctl/status/process.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace ctl {
namespace {

using Side = Column::Side;

// "0", or where it is spread "0: 24.0 GiB, 1: 8.0 GiB".
std::string place_text(const Json& buffer) {
    const Json& nodes = buffer.at("nodes");
    std::vector<std::string> parts;
    for (const Json& node : nodes) {
        parts.push_back(nodes.size() == 1 ? node.at("node").dump()
                                          : fmt::format("{}: {}", node.at("node").dump(),
                                                        size_text(node.at("bytes").get<std::uint64_t>())));
    }
    return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string threads_text(const Json& buffer) {
    if (buffer.at("main_node").is_null()) {
        return "-";
    }
    return buffer.at("threads_bound") > 0  ? buffer.at("threads_bound").dump() + " bound"
           : buffer.at("threads_free") > 0 ? buffer.at("threads_free").dump() + " may"
                                           : "none";
}

std::string backing_text(const Json& buffer) {
    if (buffer.at("backing") != "anonymous") {
        return buffer.at("backing") == "huge_anonymous" ? "no file"
                                                        : printable(buffer.at("name").get<std::string>());
    }
    const auto present = buffer.at("present_bytes").get<double>();
    const auto transparent = buffer.at("transparent_bytes").get<double>();
    return present == 0       ? "nothing yet"
           : transparent == 0 ? "no file"
                              : fmt::format("transparent, {:.0f} %", std::floor(100 * transparent / present));
}

Cell verdict_of(const Json& buffer) {
    if (!buffer.at("fault").is_null()) {
        return {"wrong", Tone::bad};
    }
    const bool is_good = buffer.at("has_file_size") == true &&
                         (buffer.at("present_bytes") != 0 || !buffer.at("main_node").is_null());
    return is_good ? Cell{"right", Tone::good} : Cell{"-"};
}

std::string verdict_text(const Json& report, const Terminal& terminal) {
    const Json& buffers = report.at("buffers");
    if (std::ranges::none_of(buffers, [](const Json& one) { return one.at("has_file_size") == true; })) {
        return "No buffer has a memory file's size: none was asked for yet, or the pool's files have another "
               "size.\n";
    }
    if (report.at("faults") == 0) {
        return in_tone(terminal, Tone::good,
                       "All that has a memory file's size is on huge pages, where its threads are.") +
               "\n";
    }
    std::string text;
    for (const Json& buffer : buffers) {
        if (!buffer.at("fault").is_null()) {
            text +=
                fmt::format("{} {:x}: {}.\n", in_tone(terminal, Tone::bad, "Wrong at"),
                            buffer.at("begin").get<std::uint64_t>(), buffer.at("fault").get<std::string>());
        }
    }
    return text;
}

}  // namespace

std::string process_text(const Json& report, const Terminal& terminal) {
    std::string text =
        fmt::format("{} {} {}\n", in_tone(terminal, Tone::strong, "Process"), report.at("pid").dump(),
                    printable(report.at("command").get<std::string>()));
    text += report.at("shim").is_null()
                ? "The shim is not loaded in it: LD_PRELOAD didn't reach it, or the program ignores it.\n"
                : fmt::format("The shim is loaded: {}\n", printable(report.at("shim").get<std::string>()));
    for (const Json& group : report.at("threads")) {
        const auto nodes = group.at("nodes").get<std::vector<int>>();
        text += fmt::format("{} may run on CPUs {} ({} {})\n",
                            tools::counted(group.at("threads").get<std::uint64_t>(), "thread"),
                            group.at("cpus").get<std::string>(), nodes.size() == 1 ? "node" : "nodes",
                            fmt::join(nodes, ", "));
    }
    if (report.at("buffers").empty()) {
        return text + "\nIt has no buffer of 16 MiB or more, nor any of huge pages.\n";
    }
    const auto shown = [](auto text_of) {
        return [text_of](const Json& buffer) { return Cell{text_of(buffer)}; };
    };
    const auto page_size = [](const Json& buffer) {
        return tools::page_size_text({buffer.at("page_bytes").get<std::uint64_t>()});
    };
    return text + "\n" +
           table(terminal,
                 {size_field("SIZE", "size_bytes"),
                  {{"PAGES", Side::right}, shown(page_size)},
                  {{"ON NODE"}, shown(place_text)},
                  {{"THREADS"}, shown(threads_text)},
                  {{"VERDICT"}, verdict_of},
                  {{"BACKED BY", Side::left, true}, shown(backing_text)}},
                 report.at("buffers")) +
           "\n" + verdict_text(report, terminal);
}

}  // namespace ctl
