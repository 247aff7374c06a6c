// What a pool is to be, once the options have been understood.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/file_pattern.h"
#include "tools/pool/values.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace pool {

using ctl::Machine;
using ctl::Share;
using hugepage::ByteSize;
using hugepage::NodeId;

inline constexpr mode_t kDefaultMode = 0600;

struct Request {
    std::vector<Share> shares;  // ascending, at least one; all their sizes together fit 63 bits
    ByteSize size;              // of each file
    std::string size_as_typed;
    std::optional<ByteSize> page_size;  // nothing: as is mounted there, or else as setup chooses
    hugepage::FilePattern pattern;      // a whole path, and without links where it is there
    std::string place;           // the folder in which the nodes' folders are: where hugetlbfs is to be
    std::string where;           // "--path DIR", to type
    std::optional<uid_t> owner;  // nothing: as the files that are there, else who runs the program
    std::optional<gid_t> group;
    std::optional<mode_t>
        mode;  // nothing: kDefaultMode; existing files may have another, but none for others
    std::optional<int> threads;  // nothing: the node's CPUs, at most kMostThreads
};

// Options as they were written; empty where left out.
struct RequestOptions {
    std::string size{}, num{}, node{}, path{}, pattern{}, page_size{}, user{}, group{}, mode{}, threads{};
};
// Throws tools::Failure (usage).
[[nodiscard]] Request request_of(const RequestOptions& options, const Machine& machine);

// --path and --path-pattern.
struct PoolPlace {
    hugepage::FilePattern pattern;
    std::string folder;
    std::string option;
};
// One of the two must be given; the pattern wins. Throws tools::Failure (usage).
[[nodiscard]] PoolPlace pool_place(const std::string& path, const std::string& pattern);

// "--size 32GiB --node 0:2,1:2 --page-size 2MiB --path DIR --user 1000"
[[nodiscard]] std::string arguments_of(const Request& request, std::optional<ByteSize> page_size,
                                       const std::string& where);
// " --user 1000 --group 1000 --mode 0640", as far as given
[[nodiscard]] std::string ownership_arguments(const Request& request);

}  // namespace pool
