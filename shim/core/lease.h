// Exclusive use of one pool file.
//
// The lock is flock's, which belongs to the open file description and not to the process: two leases of one
// file exclude each other between threads as between processes, by whatever name it was opened. Who maps the
// file with the descriptor's help keeps the description alive after the descriptor is closed, so the lease
// then lasts exactly as long as the mapping and ends with its last byte, at exec, exit and SIGKILL alike.
// There is nothing to clean up.
#pragma once

#include "shim/core/byte_size.h"
#include "shim/core/fd.h"
#include "shim/core/hugetlbfs.h"
#include "shim/core/node_folder.h"
#include "shim/core/reason.h"
#include "shim/core/result.h"

#include <sys/types.h>

namespace hugepage {

struct Refusal {
    Reason reason = Reason::no_file_for_size;
    const char* why = "";  // static text for people: which step, or which property of the file
    int code = 0;          // the errno of the step; 0 if no system call failed
};

// A file of this size that nobody else may open, open for reading and writing, and not locked.
struct OwnFile {
    Fd file;
    ByteSize size;
};

// Whose the files of this process may be, beside root's. In a user namespace the files of all users that it
// has no number for seem to belong to one; where the process seems to be that one too, only root's files are
// left.
[[nodiscard]] uid_t own_user() noexcept;

// What is asked of the folder, for a process of the user: whether it is open, and nobody else can put other
// files into it. Asked once for all of its files.
[[nodiscard]] Result<Done, Refusal> inspect(const NodeFolder& folder, uid_t user) noexcept;

// What is asked of a file in such a folder before it is locked, which is little: of a thousand files most may
// be somebody else's. Reason::no_file_for_size means that this is no file, or one of another size: nothing is
// wrong with it. It is opened as the caller.
[[nodiscard]] Result<OwnFile, Refusal> open_own(const NodeFolder& folder, const char* name, ByteSize size,
                                                uid_t user) noexcept;

// All that is asked of a file and its folder (README, "Which files are used"), except whether somebody else
// has it: takes no lock, so it disturbs no lease.
[[nodiscard]] Result<FileSystem, Refusal> inspect(const char* path, ByteSize size, uid_t user) noexcept;

// Move-only. The destructor lets go of the descriptor, and so of the lock unless a mapping holds it by then.
class Lease {
  public:
    // Takes the file if it is free now, and asks the rest; never waits. Reason::all_leased means that
    // somebody else has it. A file that was unlinked before it is locked is refused: who removes a file holds
    // its lock meanwhile, and gives its pages back.
    [[nodiscard]] static Result<Lease, Refusal> take(OwnFile file) noexcept;

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] const FileSystem& file_system() const noexcept { return file_system_; }

  private:
    Lease(Fd fd, FileSystem file_system) noexcept : fd_(std::move(fd)), file_system_(file_system) {}

    Fd fd_;
    FileSystem file_system_;
};

}  // namespace hugepage
