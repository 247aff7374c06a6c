// What there is at this moment: the machine, the pools' files, who holds them, and which processes have the
// shim. Read once; judge.h says what is right and what isn't.
//
// Reads only. No file is locked, since a reader's lock would block a lease.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/request/lease.h"
#include "shim/request/placement.h"
#include "tools/common/processes.h"
#include "tools/pool/choice.h"
#include "tools/pool/files.h"
#include "tools/pool/machine.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <functional>
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
    [[nodiscard]] bool may(const struct stat& facts, int access) const;
};
// "sealer", or "1234" where nobody is called that: as --user takes it.
[[nodiscard]] std::string user_text(uid_t user);

struct MemoryFile {
    NodeId node;       // as its folder is named
    std::string path;  // whole
    std::string name;  // from the pool's folder on: "numa_0/32.0_GiB_0"
    tools::FileId id;
    ByteSize size;
    ByteSize allocated;  // less than size: it has holes
    hugepage::FileSystem file_system;
    uid_t owner = 0;
    mode_t mode = 0;                               // permission bits
    std::optional<hugepage::Refusal> refusal;      // by what the shim asks before it maps a file
    std::vector<tools::Holder> holders;            // after find_holders()
    std::optional<hugepage::Placement> placement;  // after look_at_pages()
    int pages_error = 0;                           // errno, if that went wrong

    // A process holds it: by the lock, or by a mapping that outlived the process that took the lock. Our own
    // tools map files to look at their pages, which is no lease.
    [[nodiscard]] bool is_leased() const;
    // The refusal is about the user who asks, not about the file: an ordinary user may not open it.
    [[nodiscard]] bool is_forbidden() const;
    // Whether its pages can be looked at: nothing would be allocated by that.
    [[nodiscard]] bool has_all_pages() const;
};

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
    bool sees_holders = true;  // false: processes outside our pid namespace may hold files unseen
};

// Whose a pool of such files is: root's only if all are.
[[nodiscard]] uid_t owner_of_most(const std::vector<uid_t>& owners);

// The files of each node's folder, except those that the shim passes over silently: names that begin with a
// dot, and folders. Links, and empty files, are refused. The shim judges by its process's user: `user`, else
// who asks, and for root the one who owns most of the files. Throws tools::Failure if there is no such pool,
// or it can't be listed.
[[nodiscard]] Pool read_pool(const PoolChoice& choice, std::optional<uid_t> user = {});

// Fills in who holds the files, in one pass over the processes for all pools. Returns how many processes
// could not be looked at. Throws tools::Failure if /proc can't be read.
std::size_t find_holders(std::vector<Pool>& pools, const Root& root = {});

using pool::kAllPages;
// Of a file: few enough that a big pool takes no time to speak of.
inline constexpr std::size_t kSampledPages = 64;
// Of each file whose pages can be looked at, an even sample of up to so many; enters on which node they are,
// or the errno. Files are mapped for a moment, which neither disturbs a lease nor keeps one alive. `advanced`
// is called for each page with its size; what it throws goes through.
void look_at_pages(Pool& pool, std::size_t most_of_a_file = kSampledPages,
                   const std::function<void(std::uint64_t bytes)>& advanced = {});

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
