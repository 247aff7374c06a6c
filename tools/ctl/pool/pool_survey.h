// A pool as it is at this moment: its files, what the shim would ask of them, and who has them. judgement.h
// says whether they are right.
//
// Reads only. No file is locked, since a lock of a reader's would be in the way of a lease, and none is
// mapped here (file_pages.h does that).
#pragma once

#include "shim/base/byte_size.h"
#include "shim/request/lease.h"
#include "shim/request/placement.h"
#include "tools/common/holders.h"
#include "tools/ctl/base/machine.h"
#include "tools/ctl/pool/pool_choice.h"

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace ctl {

struct SurveyedFile {
    NodeId node;       // as its folder is named
    std::string path;  // whole
    std::string name;  // from the pool's folder on: "numa_0/32.0_GiB_0"
    hugepage::FileId id;
    ByteSize size;
    ByteSize allocated;  // less than size: it has holes
    hugepage::FileSystem file_system;
    uid_t owner = 0;
    mode_t mode = 0;                               // permission bits
    std::optional<hugepage::Refusal> refusal;      // by what the shim asks before it maps a file
    std::vector<hugepage::Holder> holders;         // after find_holders()
    std::optional<hugepage::Placement> placement;  // after look_at_pages()
    int pages_error = 0;                           // errno, if that went wrong

    // Somebody holds it: by the lock, or by a mapping whose lock's taker is gone. Our own tools map files to
    // look at their pages, which is no lease.
    [[nodiscard]] bool is_leased() const;
    // The refusal says more of who asks than of the file: an ordinary user may not open it.
    [[nodiscard]] bool is_forbidden() const;
    // Whether its pages can be looked at: nothing would be allocated by that.
    [[nodiscard]] bool has_all_pages() const;
};

// What could not be looked at: a folder.
struct Blind {
    std::string path;
    int error = 0;  // errno
};

struct PoolSurvey {
    PoolChoice choice;
    uid_t user = 0;                   // whose processes were thought of when the files were judged
    std::vector<SurveyedFile> files;  // by node, size, name
    std::vector<Blind> blind;
};

// The files of each node's folder, but for those the shim passes over without a word: names that begin with a
// dot, and folders. Links, and files that are empty, are refused. Root may look at any file; the shim judges
// by its process's user, and so for root the user is taken to be the one who owns most of the files.
// Throws tools::Failure if there is no such pool, or it can't be listed.
[[nodiscard]] PoolSurvey survey(const PoolChoice& choice);

// Fills in who holds the files, in one pass over the processes for all pools. Returns how many processes
// could not be looked at. Throws tools::Failure if /proc can't be read.
std::size_t find_holders(std::vector<PoolSurvey>& pools);

// "it has holes; create it anew with hugepage-file-init", "open: Permission denied".
[[nodiscard]] std::string why(const hugepage::Refusal& refusal);

}  // namespace ctl
