// Values of options that several commands take, read strictly. Each throws tools::Failure (usage), which
// names the option, what was written and what would be right.
#pragma once

#include "tools/pool/choice.h"
#include "tools/pool/machine.h"

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ctl {

// How many files on which node.
struct Share {
    NodeId node;
    std::size_t files = 0;

    friend bool operator==(const Share&, const Share&) = default;
};

// Adds --path and --path-pattern, or as the options call them, of a pool that is there; without them it is
// `which` mount that has one.
void describe_pool_options(CLI::App& command, PoolOptions& options, const char* which = "every");

// "32GiB"; more than 0.
[[nodiscard]] ByteSize size_of(const std::string& option, const std::string& text);

// 1 <= value <= largest.
[[nodiscard]] std::size_t count_of(const std::string& option, const std::string& text, std::size_t largest);

inline constexpr std::size_t kMostFiles = 4096;  // of a node; more is a typing error

// "all": nothing; "0,1" or "0-3": those, whether there are such nodes or not.
[[nodiscard]] std::optional<hugepage::NodeSet> nodes_of(const std::string& text);

// "all": each node that has memory; "0,1" or "0-3": those; "0:4,1:2": those, with a number of files of their
// own. Without one a node has `files`. In ascending order, each once.
[[nodiscard]] std::vector<Share> shares_of(const std::string& text, std::size_t files,
                                           const Machine& machine);

// "auto": nothing. Else a size of pages that the kernel knows.
[[nodiscard]] std::optional<ByteSize> page_size_of(const std::string& text, const Machine& machine);

// "sealer", or "1234" where nobody is called that: as --user takes it.
[[nodiscard]] std::string user_text(uid_t user);

}  // namespace ctl
