// Memory files: looked at, made without a name until they are complete, removed without disturbing whoever
// holds one.
#pragma once

#include "shim/base/fd.h"
#include "shim/base/topology.h"
#include "shim/request/lease.h"
#include "tools/common/processes.h"
#include "tools/pool/places.h"
#include "tools/pool/request.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pool {

// The first `size` bytes of a file, mapped somewhere; null, and errno says why, where that isn't possible.
struct Unmap {
    std::size_t size;
    void operator()(std::byte* begin) const noexcept { ::munmap(begin, size); }
};
using Mapping = std::unique_ptr<std::byte, Unmap>;
[[nodiscard]] inline Mapping map_file(int fd, ByteSize size, int protection, int flags) noexcept {
    void* begin = ::mmap(nullptr, size.bytes, protection, flags, fd, 0);
    return {begin != MAP_FAILED ? static_cast<std::byte*>(begin) : nullptr, Unmap{size.bytes}};
}

// A file of a pool, or what has a file's place.
struct MemoryFile {
    NodeId node;       // as its folder is named
    std::string path;  // whole
    std::string name;  // from the pool's folder on: "numa_0/32.0_GiB_0"
    tools::FileId id;
    mode_t type = S_IFREG;  // S_IFLNK, S_IFDIR and so on
    ByteSize size;          // 0 of what is no regular file
    ByteSize allocated;     // less than size: it has holes
    hugepage::FileSystem file_system;
    uid_t owner = 0;
    gid_t group = 0;
    mode_t mode = 0;                               // permission bits
    std::optional<hugepage::Refusal> refusal;      // by what the shim asks before it maps a file
    std::vector<tools::Holder> holders;            // after find_holders()
    std::optional<hugepage::Placement> placement;  // after look_at_pages()
    int pages_error = 0;                           // errno, if that went wrong

    // What setup makes, and remove takes away.
    [[nodiscard]] bool is_on_hugetlbfs() const;
    [[nodiscard]] std::uint64_t pages() const;
    [[nodiscard]] bool has_whole_pages() const;
    // A process holds it: by the lock, or by a mapping that outlived the process that took the lock. Our own
    // tools map files to look at their pages, which is no lease.
    [[nodiscard]] bool is_leased() const;
    // The refusal is about the user who asks, not about the file: an ordinary user may not open it.
    [[nodiscard]] bool is_forbidden() const;
    // Whether its pages can be looked at: nothing would be allocated by that.
    [[nodiscard]] bool has_all_pages() const;
};
// Opens nothing and takes no lock. With a folder's descriptor only the path's last name is looked for, in
// there. Nothing if there is no such name.
[[nodiscard]] std::optional<MemoryFile> look_at(const std::string& path, NodeId node, int folder = AT_FDCWD);

// Fills in who has each file of these lists mapped or locked, in one pass over the processes. Returns what
// else was seen. Throws tools::Failure if /proc can't be read.
tools::Holders find_holders(const std::vector<std::span<MemoryFile>>& lists,
                            const std::string& proc = "/proc");

inline constexpr std::size_t kAllPages = std::numeric_limits<std::size_t>::max();
// Called for each page with its size; what it throws goes through.
using Advanced = std::function<void(std::uint64_t bytes)>;
// On which nodes the pages are of an open file that has no holes: of an even sample, or of all. It is mapped
// for reading for a moment, which takes no lock, allocates nothing, and keeps no lease alive.
[[nodiscard]] hugepage::Result<hugepage::Placement> placement_of_file(int fd, ByteSize size,
                                                                      ByteSize page_size, NodeId node,
                                                                      std::size_t most_checked,
                                                                      const Advanced& advanced = {});
// Enters that, or the errno, in a file that has_all_pages().
void look_at_pages(MemoryFile& file, std::size_t most_checked, const Advanced& advanced = {});

// A file that has no name until it is complete: whatever happens before, its pages return by themselves. In
// the folder, of the request's size, owner, group and mode, without any page. `path` is the name it is meant
// to have. Throws tools::Failure.
[[nodiscard]] hugepage::Fd new_file(int folder, const std::string& path, const Request& request);
// Gives it its name. Never replaces anything: throws tools::Failure if the name is taken.
void publish(const hugepage::Fd& file, int folder, const std::string& path);
// Lets this process have many files open, and files of that size. Throws tools::Failure where it can't.
void require_limits(ByteSize size);

// Holds the file's lock while its name goes, so that nobody who has opened it can lease it afterwards. 0, or
// an errno: ENOENT if somebody else has removed or replaced it, EWOULDBLOCK if somebody has its lock.
[[nodiscard]] int remove_file(const MemoryFile& file);

}  // namespace pool
