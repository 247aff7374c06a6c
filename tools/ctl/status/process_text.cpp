// A process's buffers, for people and for programs.
#include "tools/common/wording.h"
#include "tools/ctl/status/process_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace ctl {
namespace {

using Json = nlohmann::ordered_json;

const char* name_of(Buffer::Backing backing) {
    constexpr const char* kNames[] = {"pool_file", "huge_file", "huge_anonymous", "anonymous", "file"};
    return kNames[static_cast<std::size_t>(backing)];
}

int percent(std::uint64_t part, std::uint64_t whole) {
    constexpr double kHundred = 100;
    return whole == 0 ? 0
                      : static_cast<int>(kHundred * static_cast<double>(part) / static_cast<double>(whole));
}

std::string nodes_text(const std::vector<NodeId>& nodes) {
    std::vector<int> numbers;
    for (const NodeId node : nodes) {
        numbers.push_back(node.value);
    }
    return fmt::format("{} {}", numbers.size() == 1 ? "node" : "nodes", fmt::join(numbers, ", "));
}

// "0", or where it is spread "0: 75 %, 1: 25 %".
std::string place_text(const Buffer& buffer) {
    std::uint64_t all = 0;
    std::size_t nodes = 0;
    for (const auto& [node, bytes] : buffer.nodes) {
        all += bytes;
        nodes += bytes > 0 ? 1 : 0;
    }
    if (nodes == 0) {
        return "-";
    }
    if (nodes == 1) {
        return std::to_string(buffer.main_node()->value);
    }
    std::vector<std::string> parts;
    for (const auto& [node, bytes] : buffer.nodes) {
        parts.push_back(fmt::format("{}: {} %", node.value, percent(bytes, all)));
    }
    return fmt::format("{}", fmt::join(parts, ", "));
}

std::string threads_text(const Buffer& buffer) {
    if (!buffer.main_node()) {
        return "-";
    }
    if (buffer.threads_bound > 0) {
        return fmt::format("{} bound", buffer.threads_bound);
    }
    return buffer.threads_free > 0 ? fmt::format("{} may", buffer.threads_free) : "none";
}

std::string backing_text(const Buffer& buffer) {
    switch (buffer.backing) {
        case Buffer::Backing::pool_file:
            return printable(buffer.name);
        case Buffer::Backing::huge_file:
            return printable(buffer.path);
        case Buffer::Backing::huge_anonymous:
            return "no file";
        case Buffer::Backing::file:
            return printable(buffer.path);
        case Buffer::Backing::anonymous:
            break;
    }
    if (buffer.present == 0) {
        return "nothing yet";
    }
    const int share = percent(buffer.transparent, buffer.present);
    return share == 0 ? "no file" : fmt::format("transparent, {} %", share);
}

Cell verdict_of(const Buffer& buffer) {
    if (!buffer.fault.empty()) {
        return {"wrong", Tone::bad};
    }
    const bool is_good = buffer.has_file_size && (buffer.present > 0 || !buffer.nodes.empty());
    return is_good ? Cell{"right", Tone::good} : Cell{"-"};
}

std::string verdict(const ProcessReport& report, const Terminal& terminal) {
    const auto of_file_size = std::ranges::count_if(report.buffers, &Buffer::has_file_size);
    if (of_file_size == 0) {
        return "No buffer has a memory file's size: none was asked for yet, or the pool's files have another "
               "size.\n";
    }
    if (report.faults == 0) {
        return in_tone(terminal, Tone::good,
                       "All that has a memory file's size is on huge pages, where its threads are.") +
               "\n";
    }
    std::string text;
    for (const Buffer& buffer : report.buffers) {
        if (!buffer.fault.empty()) {
            text += fmt::format("{} {:x}: {}.\n", in_tone(terminal, Tone::bad, "Wrong at"), buffer.begin,
                                buffer.fault);
        }
    }
    return text;
}

}  // namespace

std::string process_text(const ProcessReport& report, const Terminal& terminal) {
    using Side = Column::Side;
    std::string text = fmt::format("{} {} {}\n", in_tone(terminal, Tone::strong, "Process"), report.pid,
                                   printable(report.command));
    text += report.shim.empty()
                ? "The shim is not loaded in it: LD_PRELOAD didn't reach it, or the program ignores it.\n"
                : fmt::format("The shim is loaded: {}\n", printable(report.shim));
    for (const CpuGroup& group : report.threads) {
        text += fmt::format("{} may run on CPUs {} ({})\n", tools::counted(group.threads, "thread"),
                            group.cpus, nodes_text(group.nodes));
    }
    std::vector<std::vector<Cell>> rows;
    for (const Buffer& buffer : report.buffers) {
        rows.push_back({{fmt::format("{:x}", buffer.begin)},
                        {size_text(buffer.end - buffer.begin)},
                        {tools::page_size_text(buffer.page_size)},
                        {place_text(buffer)},
                        {threads_text(buffer)},
                        verdict_of(buffer),
                        {backing_text(buffer)}});
    }
    if (rows.empty()) {
        return text + "\nIt has no buffer of 16 MiB or more, nor any of huge pages.\n";
    }
    text.append("\n").append(table(terminal,
                                   {{"ADDRESS"},
                                    {"SIZE", Side::right},
                                    {"PAGES", Side::right},
                                    {"ON NODE"},
                                    {"THREADS"},
                                    {"IT IS"},
                                    {"BACKED BY", Side::left, true}},
                                   rows));
    return text + "\n" + verdict(report, terminal);
}

nlohmann::ordered_json process_json(const ProcessReport& report) {
    Json threads = Json::array();
    for (const CpuGroup& group : report.threads) {
        Json nodes = Json::array();
        for (const NodeId node : group.nodes) {
            nodes.push_back(node.value);
        }
        threads.push_back({{"cpus", group.cpus}, {"threads", group.threads}, {"nodes", nodes}});
    }
    Json buffers = Json::array();
    for (const Buffer& buffer : report.buffers) {
        Json nodes = Json::array();
        for (const auto& [node, bytes] : buffer.nodes) {
            nodes.push_back({{"node", node.value}, {"bytes", bytes}});
        }
        buffers.push_back({{"begin", buffer.begin},
                           {"end", buffer.end},
                           {"size_bytes", buffer.end - buffer.begin},
                           {"backing", name_of(buffer.backing)},
                           {"path", buffer.path},
                           {"page_bytes", buffer.page_size.bytes},
                           {"present_bytes", buffer.present},
                           {"transparent_bytes", buffer.transparent},
                           {"nodes", nodes},
                           {"has_file_size", buffer.has_file_size},
                           {"threads_bound", buffer.threads_bound},
                           {"threads_free", buffer.threads_free},
                           {"fault", buffer.fault.empty() ? Json(nullptr) : Json(buffer.fault)}});
    }
    return {{"pid", report.pid},
            {"process", report.command},
            {"shim", report.shim.empty() ? Json(nullptr) : Json(report.shim)},
            {"threads", threads},
            {"buffers", buffers},
            {"faults", report.faults}};
}

}  // namespace ctl
