// What there is at this moment: the machine, the pools' files, who holds them, and which processes have the
// shim. Read once; judge.h says what is right and what isn't.
//
// Reads only. No file is locked, since a reader's lock would block a lease.
#pragma once

#include "shim/base/byte_size.h"
#include "tools/common/failure.h"
#include "tools/pool/choice.h"
#include "tools/pool/files.h"
#include "tools/pool/machine.h"

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

// A user, with the groups that a process of his has.
struct User {
    uid_t id = 0;
    std::vector<gid_t> groups;

    [[nodiscard]] static User of(uid_t id);
    // Root may all. `access` of R_OK, W_OK, X_OK.
    [[nodiscard]] bool may(uid_t owner, gid_t group, mode_t mode, int access) const;
};

using pool::kAllPages;
using pool::MemoryFile;

// A folder that could not be listed, or that the pool's user can't reach.
struct ClosedFolder {
    std::string path;
    int error = 0;  // errno of listing it; 0: it could be listed, by root
    uid_t owner = 0;
    mode_t mode = 0;
};

struct Pool {
    PoolChoice choice;
    User user;                      // who is taken to use the files
    std::vector<MemoryFile> files;  // by node, size, name
    std::vector<ClosedFolder> closed;
    bool sees_holders = true;             // false: processes outside our pid namespace may hold files unseen
    std::optional<pool::Request> wanted;  // by the configuration file, where that is about this pool
};

// A file of the user who owns most of those with content, root's only if all are; nullptr if none has any.
[[nodiscard]] const MemoryFile* of_main_owner(const std::vector<MemoryFile>& files);

// Adds all that is in a folder except names that begin with a dot; `opened_as` names the folder to the
// kernel.
hugepage::Status add_files_of(const std::string& folder, const std::string& opened_as, NodeId node,
                              std::vector<MemoryFile>& files);
// Sorts them by node, size and path, and enters why the shim would pass over a file: asked by the user, or
// where none is given by whom the file belongs to.
void ask_as_the_shim(std::vector<MemoryFile>& files, const User* user);

struct NoPool : tools::Failure {
    using Failure::Failure;
};

// The files of each node's folder, except those that the shim passes over silently: names that begin with a
// dot, and folders. Links, and empty files, are refused. The shim judges by its process's user: `user`, else
// who asks, and for root the one who owns most of the files. Throws NoPool if there is no such pool, and
// tools::Failure if it can't be listed.
[[nodiscard]] Pool read_pool(const PoolChoice& choice, std::optional<uid_t> user = {});

// Fills in who holds the files, in one pass over the processes for all pools. Returns what else was seen.
// Throws tools::Failure if /proc can't be read.
tools::Holders find_holders(std::vector<Pool>& pools, const Root& root = {});

// Of a file: few enough that a big pool takes no time to speak of.
inline constexpr std::size_t kSampledPages = 64;
// Of each file whose pages can be looked at, an even sample of up to so many.
void look_at_pages(Pool& pool, std::size_t most_of_a_file = kSampledPages,
                   const pool::Advanced& advanced = {});

// How many bytes of huge pages of one size the processes of a control group may take from the kernel.
struct GroupLimit {
    std::string page;  // as the kernel writes it: "2MB"
    std::uint64_t bytes = 0;
    std::string file;  // it is written in
};

// The kernel's settings, and the limits of a process. What the kernel doesn't tell is left empty.
struct Settings {
    std::optional<std::string> thp;  // "madvise"
    std::optional<hugepage::NodeSet> mems_allowed;
    std::vector<GroupLimit> group_limits;  // those that are set, of the process's groups (version 2)
};
[[nodiscard]] Settings read_settings(const Root& root = {});

}  // namespace ctl
