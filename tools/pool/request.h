// What a pool is to be, once the options have been understood.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/file_pattern.h"
#include "tools/pool/choice.h"
#include "tools/pool/machine.h"

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pool {

using ctl::Machine;
using hugepage::ByteSize;
using hugepage::NodeId;

inline constexpr mode_t kDefaultMode = 0600;
inline constexpr std::size_t kMostFiles = 4096;  // of a node; more is a typing error

// How many files on which node.
struct Share {
    NodeId node;
    std::size_t files = 0;

    friend bool operator==(const Share&, const Share&) = default;
};

struct Request {
    std::vector<Share> shares;          // ascending, at least one
    ByteSize size;                      // of each file
    std::string size_option;            // "--size 32GB", as typed
    std::optional<ByteSize> page_size;  // nothing: as is mounted there, or else as setup chooses
    hugepage::FilePattern pattern;      // a whole path, and without links where it is there
    std::optional<uid_t> owner;         // nothing: as the files that are there, else who runs the program
    std::optional<gid_t> group;
    std::optional<mode_t>
        mode;  // nothing: kDefaultMode; existing files may have another, but none for others
    std::optional<int> threads;  // nothing: the node's CPUs, at most kMostThreads
};

// Options as they were written; empty where left out.
struct RequestOptions {
    std::string size{}, num{}, node{}, path{}, pattern{}, page_size{}, user{}, group{}, mode{}, threads{};
    const char* size_name = "--size";
};
// What setup does where an option is left out.
[[nodiscard]] RequestOptions setup_defaults();
// Throws tools::Failure (usage).
[[nodiscard]] Request request_of(const RequestOptions& options, const Machine& machine);
// Which files a configuration file of setup's wants, by its values; nothing where it gives no size: then it
// only says where the pool is. Throws as request_of().
[[nodiscard]] std::optional<Request> wanted_by(const std::map<std::string, std::string>& values,
                                               const Machine& machine);

// Of --node, where only nodes are chosen. "all": nothing; "0,1" or "0-3": those, whether there are such nodes
// or not. Throws tools::Failure (usage).
[[nodiscard]] std::optional<hugepage::NodeSet> nodes_of(const std::string& text);

// Of --path and --path-pattern: one of the two must be given; the pattern wins. Throws tools::Failure
// (usage).
[[nodiscard]] hugepage::FilePattern pattern_of(const std::string& path, const std::string& pattern);

// The folder in which the nodes' folders are: where hugetlbfs is to be.
[[nodiscard]] std::string place_of(const hugepage::FilePattern& pattern);

// "<folder>/32.0_GiB_0" and so on. A size that one decimal doesn't say exactly has its bytes in the name.
[[nodiscard]] std::vector<std::string> paths_of(ByteSize size, std::size_t count, const std::string& folder);

// "sudo hugepagectl setup --size 32GiB --node 0:2,1:2 --page-size 2MiB --path DIR --user sealer"
[[nodiscard]] std::string setup_command(const Request& request);
// " --user sealer --group 1000 --mode 0640", as far as given
[[nodiscard]] std::string ownership_arguments(const Request& request);

}  // namespace pool
