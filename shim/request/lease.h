// Exclusive use of one pool file.
//
// The lock is flock's, which belongs to the open file description and not to the process: two leases of one
// file exclude each other between threads as between processes, by whatever name it was opened. Who maps the
// file with the descriptor's help keeps the description alive after the descriptor is closed, so the lease
// then lasts exactly as long as the mapping and ends with its last byte, at exec, exit and SIGKILL alike.
// There is nothing to clean up.
#pragma once

#include "shim/base/byte_size.h"
#include "shim/base/fd.h"
#include "shim/base/file_pattern.h"
#include "shim/base/result.h"

#include <sys/types.h>

#include <string_view>

namespace hugepage {

// Why a request, or one file, could not be served: the words that log lines use and operators search for.
// The first two are no fault of a file's.
enum class Reason {
    no_file_for_size,  // the node has no file of that size
    all_leased,        // it has, but others hold them
    misplaced,         // most of the file's pages are on another node
    not_populated,     // the file has holes: touching them could end in SIGBUS
    not_hugetlbfs,     // the file is on a disk
    permission,        // it may not be opened for reading and writing
    insecure,          // it is a link, belongs to somebody else, or others may write to it
    map_failed,        // the kernel refused a step; the line says which
    table_full,        // this process holds as many regions as the shim can keep account of
    no_addresses,      // the heap variant has no free place for it (hooks/heap.h)
};

// In place, so that the loader has no pointers to adjust.
inline constexpr char kReasonNames[][18] = {"no_file_for_size", "all_leased",  "misplaced", "not_populated",
                                            "not_hugetlbfs",    "permission",  "insecure",  "map_failed",
                                            "table_full",       "no_addresses"};
[[nodiscard]] constexpr std::string_view name_of(Reason reason) noexcept {
    return kReasonNames[static_cast<std::size_t>(reason)];
}

// What kind of file system a file is on.
struct FileSystem {
    enum class Kind {
        hugetlbfs,  // pages of exactly page_size, never swapped
        tmpfs,      // ordinary shared memory; a pool there is for trying things out
        other,      // a disk: never served
    };
    Kind kind = Kind::other;
    ByteSize page_size;
};

[[nodiscard]] Result<FileSystem> file_system_of(int fd) noexcept;

struct Refusal {
    Reason reason = Reason::no_file_for_size;
    const char* why = "";  // static text for people: which step, or which property of the file
    int code = 0;          // the errno of the step; 0 if no system call failed
};

// Whose the files of this process may be, beside root's. In a user namespace the files of all users that it
// has no number for seem to belong to one; where the process seems to be that one too, only root's files are
// left.
[[nodiscard]] uid_t own_user() noexcept;

// What is asked of the folder, for a process of the user: whether it is open, and nobody else can put other
// files into it. Asked once for all of its files.
[[nodiscard]] Result<Done, Refusal> inspect(const NodeFolder& folder, uid_t user) noexcept;

// A file of this size in such a folder that nobody else may open, open for reading and writing, and not
// locked. Little is asked of it before that: of a thousand files most may be somebody else's.
// Reason::no_file_for_size means that this is no file, or one of another size: nothing is wrong with it. It
// is opened as the caller.
[[nodiscard]] Result<Fd, Refusal> open_own(const NodeFolder& folder, const char* name, ByteSize size,
                                           uid_t user) noexcept;

// All that is asked of a file and its folder (docs/behaviour.md, "Which files are used"), except whether
// somebody else has it: takes no lock, so it disturbs no lease.
[[nodiscard]] Result<FileSystem, Refusal> inspect(const char* path, ByteSize size, uid_t user) noexcept;

// Takes the file if it is free now, until its descriptor is closed and what was mapped with that unmapped,
// and asks the rest; never waits. Reason::all_leased means that somebody else has it. A file that was
// unlinked before it is locked is refused: who removes a file holds its lock meanwhile, and gives its pages
// back.
[[nodiscard]] Result<FileSystem, Refusal> lease(const Fd& own, ByteSize size) noexcept;

}  // namespace hugepage
