// What the user asked for, once the command line has been understood.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/file_pattern.h"
#include "shim/base/ids.h"

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>

namespace file_init {

using hugepage::ByteSize;
using hugepage::NodeId;

inline constexpr mode_t kDefaultMode = 0600;

struct Request {
    std::optional<NodeId> node;  // nothing: the only one there is
    std::size_t count = 1;       // of files, at least 1
    ByteSize size;               // of each, more than 0; count times size fits 63 bits
    std::string size_as_typed;
    hugepage::FilePattern pattern;
    std::optional<uid_t> owner;  // nothing: who runs the program; existing files may belong to anybody
    std::optional<gid_t> group;
    std::optional<mode_t> mode;  // nothing: kDefaultMode; existing files may have any
    std::optional<int> threads;  // nothing: the node's CPUs, at most kMostThreads
};

}  // namespace file_init
