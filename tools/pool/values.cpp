#include "tools/pool/values.h"

#include "shim/base/ids.h"
#include "shim/base/text_file.h"
#include "tools/common/command_line.h"
#include "tools/common/values.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pwd.h>

#include <map>
#include <string_view>

namespace ctl {
namespace {

hugepage::NodeSet nodes_in(const std::string& text, const char* example) {
    const auto set = hugepage::parse_node_list(text);
    if (!set || set->empty()) {
        tools::refuse(fmt::format("--node: '{}' is no list of nodes; write all, 0,1 or {}.", text, example));
    }
    return *set;
}

}  // namespace

void describe_pool_options(CLI::App& command, PoolOptions& options, const char* which) {
    auto* path = tools::add_option(command, options.path_source, options.path, "DIR",
                                   fmt::format("Folder of the pool; its files are in DIR/numa_<N>.\n"
                                               "Default: HUGEPAGE_FILES_PATH_PATTERN or _PATH, else\n"
                                               "path in /etc/hugepage-shim.conf, else {}\n"
                                               "hugetlbfs mount that has such folders",
                                               which));
    tools::add_option(command, fmt::format("{},{}_pattern", options.pattern_source, options.path_source),
                      options.pattern, "P",
                      "Folder of a node's files, with $NUMA_NODE_INDEX for\n"
                      "the node's number, in the place of " +
                          options.path_source)
        ->excludes(path);
}

ByteSize size_of(const std::string& option, const std::string& text) {
    const auto size = tools::parse_byte_size(text);
    if (!size || size->bytes == 0) {
        tools::refuse(fmt::format("{}: '{}' is no size; write it like 32GiB or 512MiB.", option, text));
    }
    return *size;
}

std::size_t count_of(const std::string& option, const std::string& text, std::size_t largest) {
    const auto count = tools::parse_count(text, largest);
    if (!count) {
        tools::refuse(fmt::format("{}: '{}' is no number from 1 to {}.", option, text, largest));
    }
    return *count;
}

std::optional<hugepage::NodeSet> nodes_of(const std::string& text) {
    return text == "all" ? std::nullopt : std::optional(nodes_in(text, "0-3"));
}

std::vector<Share> shares_of(const std::string& text, std::size_t files, const Machine& machine) {
    std::map<NodeId, std::size_t> shares;
    for (const Node& node : machine.nodes) {
        if (text == "all" && node.memory.bytes > 0) {
            shares.emplace(node.id, files);
        }
    }
    const auto parts = text == "all" ? std::vector<std::string>{} : CLI::detail::split(text + ',', ',');
    for (const std::string& part : parts) {
        const std::size_t colon = part.find(':');
        const std::size_t own =
            colon == std::string::npos ? files : count_of("--node", part.substr(colon + 1), kMostFiles);
        hugepage::NodeSet nodes = nodes_in(part.substr(0, colon), "0:4,1:2");
        for (auto node = nodes.first(); node; node = nodes.first()) {
            if (machine.find(*node) == nullptr) {
                tools::refuse(fmt::format("--node: there is no node {}; this machine has {}.", node->value,
                                          machine.node_list()));
            }
            if (!shares.emplace(*node, own).second) {
                tools::refuse(fmt::format("--node: node {} is named twice.", node->value));
            }
            nodes.remove(*node);
        }
    }
    std::vector<Share> result;
    for (const auto& [node, count] : shares) {
        result.push_back({node, count});
    }
    return result;
}

std::optional<ByteSize> page_size_of(const std::string& text, const Machine& machine) {
    if (text == "auto") {
        return std::nullopt;
    }
    const ByteSize size = size_of("--page-size", text);
    if (!machine.has_page_size(size)) {
        std::vector<std::string> known;
        for (const ByteSize one : machine.page_sizes) {
            known.emplace_back(hugepage::to_exact_text(one).view());
        }
        tools::refuse(
            fmt::format("--page-size: this kernel has no huge pages of {}, but of {}.", text,
                        known.empty() ? "no size at all" : fmt::format("{}", fmt::join(known, ", "))));
    }
    return size;
}

std::string user_text(uid_t user) {
    const passwd* entry = ::getpwuid(user);
    return entry != nullptr ? entry->pw_name : std::to_string(user);
}

}  // namespace ctl
