// Exclusive use of one pool file.
//
// The lock is flock's, which belongs to the open file description and not to the process: two leases of one
// file exclude each other between threads as between processes. Who maps the file with the descriptor's help
// keeps the description alive after the descriptor is closed, so the lease then lasts exactly as long as the
// mapping and ends with its last byte, at exec, exit and SIGKILL alike. There is nothing to clean up.
#pragma once

#include "shim/core/byte_size.h"
#include "shim/core/fd.h"
#include "shim/core/hugetlbfs.h"
#include "shim/core/reason.h"
#include "shim/core/result.h"

#include <sys/types.h>

#include <string_view>

namespace hugepage {

struct Refusal {
    Reason reason = Reason::no_file_for_size;
    const char* why = "";  // static text for people: which step, or which property of the file
    int code = 0;          // the errno of the step; 0 if no system call failed
};

// A file that may be used, open for reading and writing, and not locked.
struct UsableFile {
    Fd file;
    FileSystem file_system;
};

// All that is asked of a file before it is leased (README, "Which files are used"), but whether somebody else
// has it: takes no lock, so it disturbs no lease. `size` is what the pool believes its size to be, `user`
// whose process is to use it: whom the file and its folder may belong to, beside root. It is opened as the
// caller.
[[nodiscard]] Result<UsableFile, Refusal> open_usable(const char* path, ByteSize size, uid_t user) noexcept;

// The two parts of it: what is asked of the folder that the file is in, and what of the file itself. Who
// looks for a file among a thousand asks the first once.
[[nodiscard]] Result<Done, Refusal> inspect_folder_of(std::string_view path, uid_t user) noexcept;
[[nodiscard]] Result<UsableFile, Refusal> open_usable_in_folder(const char* path, ByteSize size,
                                                                uid_t user) noexcept;

// Move-only. The destructor lets go of the descriptor, and so of the lock unless a mapping holds it by then.
class Lease {
  public:
    // Takes the file if it is free now; never waits. Reason::all_leased means that somebody else has it. One
    // whose last name is gone by the time the lock is had is refused: who removes a file holds its lock
    // meanwhile, and gives its pages back.
    [[nodiscard]] static Result<Lease, Refusal> take(UsableFile file) noexcept;

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    [[nodiscard]] const FileSystem& file_system() const noexcept { return file_system_; }

  private:
    Lease(Fd fd, FileSystem file_system) noexcept : fd_(std::move(fd)), file_system_(file_system) {}

    Fd fd_;
    FileSystem file_system_;
};

}  // namespace hugepage
