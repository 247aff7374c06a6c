// What is found on the machine before anything is done: all that the plan depends on.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/ids.h"
#include "shim/request/lease.h"
#include "shim/request/placement.h"
#include "tools/common/huge_pages.h"
#include "tools/common/mounts.h"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace file_init {

using hugepage::ByteSize;
using hugepage::NodeId;

// What is at one of the paths that the files are to have.
struct FileFacts {
    enum class Kind { absent, regular, link, folder, other };

    std::string path;
    Kind kind = Kind::absent;
    // errno of the attempt to look at it, 0 if that went well. All below is known only for a regular file
    // that could be opened.
    int error = 0;
    bool on_hugetlbfs = false;
    ByteSize size;
    ByteSize allocated;  // less than size: the file has holes
    uid_t owner = 0;
    gid_t group = 0;
    mode_t mode = 0;
    dev_t device = 0;
    ino_t inode = 0;
    // Nothing if one of the above told enough, or if pages_error says why the pages could not be read.
    std::optional<hugepage::Placement> placement;
    int pages_error = 0;
};

// The folder for the files, and the closest one above it that exists.
struct FolderFacts {
    std::string path;
    std::vector<std::string> missing;  // to be made, outermost first; empty if the folder is there
    std::string existing;              // the closest that is there, or could not be looked at
    int error = 0;                     // errno if so; then nothing below is known
    hugepage::FileSystem file_system;  // of `existing`
    std::optional<tools::Mount> mount;
    std::optional<std::uint64_t> mount_pages;  // still free within the mount's own limit, if it has one
    int write_error = 0;                       // errno of creating something in `existing`, 0 if allowed
};

// A size of huge pages that the kernel offers, with what the node has of it.
struct PageSizeFacts {
    ByteSize size;
    std::uint64_t free = 0;
};

struct Facts {
    NodeId node;
    FolderFacts folder;
    std::vector<FileFacts> files;  // one for each file wanted, in order; empty if the folder is unusable
    hugepage::HugePageCounts node_pages;     // of the mount's page size
    hugepage::HugePageCounts machine_pages;  // the same
    std::vector<PageSizeFacts> page_sizes;   // for advice on a mount; empty where none is needed
    bool can_mount_at_pattern = false;       // nothing would be hidden by a mount on the pattern's folder
};

}  // namespace file_init
