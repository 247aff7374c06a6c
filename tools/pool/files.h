// Memory files: looked at, made without a name until they are complete, removed without disturbing whoever
// holds one.
#pragma once

#include "shim/base/fd.h"
#include "shim/request/lease.h"
#include "shim/request/placement.h"
#include "tools/common/processes.h"
#include "tools/pool/places.h"
#include "tools/pool/record.h"
#include "tools/pool/request.h"

#include <sys/mman.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
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

// What is at one of the paths that the files are to have.
struct FileFacts {
    enum class Kind { absent, regular, link, folder, other };

    std::string path;
    Kind kind = Kind::absent;
    // errno of the attempt to look at it. All below is known only for a regular file that could be opened.
    int error = 0;
    hugepage::FileSystem file_system;
    ByteSize size;
    ByteSize allocated;  // less than size: the file has holes
    uid_t owner = 0;
    gid_t group = 0;
    mode_t mode = 0;
    tools::FileId id;
    // Nothing if one of the above told enough, or if pages_error says why the pages could not be read.
    std::optional<hugepage::Placement> placement;
    int pages_error = 0;
};
// Opens for reading only and takes no lock, so a file may be in use meanwhile. Its pages are looked at only
// if it has the size and no holes: reading a hole would fill it.
[[nodiscard]] FileFacts look_at_file(int folder, const std::string& path, ByteSize size, NodeId node);

// On which nodes the pages are of an open file that has no holes: of an even sample, or of all. It is mapped
// for reading for a moment, which takes no lock and allocates nothing. `advanced` is called for each page
// with its size; what it throws goes through.
inline constexpr std::size_t kAllPages = std::numeric_limits<std::size_t>::max();
[[nodiscard]] hugepage::Result<hugepage::Placement> placement_of_file(
    int fd, ByteSize size, ByteSize page_size, NodeId node, std::size_t most_checked,
    const std::function<void(std::uint64_t bytes)>& advanced = {});

// A file that has no name until it is complete: whatever happens before, its pages return by themselves.
class NewFile {
  public:
    // In the folder, of the request's size, owner, group and mode, without any page. `path` is the name it is
    // meant to have. Throws tools::Failure.
    static NewFile in(int folder, const std::string& path, const Request& request);

    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    // Gives it its name. Never replaces anything: throws tools::Failure if the name is taken.
    void publish(int folder) const;
    [[nodiscard]] tools::FileId id() const noexcept;

  private:
    NewFile(hugepage::Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
    [[nodiscard]] std::string name() const { return path_.substr(path_.rfind('/') + 1); }

    hugepage::Fd fd_;
    std::string path_;
};
// Lets this process have many files open, and files of that size. Throws tools::Failure where it can't.
void require_limits(ByteSize size);

struct PoolFile {
    FileMade file;
    tools::FileId id;
    std::vector<tools::Holder> holders;  // after find_holders()
};
// Regular files on hugetlbfs whose names don't begin with a dot. Others are left out, and so are those that
// are not there. Throws tools::Failure where a folder can't be read.
[[nodiscard]] std::vector<PoolFile> files_of(const Record& record);
[[nodiscard]] std::vector<PoolFile> files_of(const hugepage::FilePattern& pattern);
// The named ones; the node of one that the record doesn't know is told by its folder's name. Throws
// tools::Failure for one that is no such file.
[[nodiscard]] std::vector<PoolFile> files_of(const std::vector<std::string>& paths, const Record& record);

// Fills in who has each mapped or locked.
void find_holders(std::vector<PoolFile>& files);

enum class FileFate {
    removed,
    missing,  // somebody else has removed or replaced it
    held,     // somebody has its lock
    failed,   // errno says why
};
// Holds the file's lock while its name goes, so that nobody who has opened it can lease it afterwards.
[[nodiscard]] FileFate remove_file(const PoolFile& file);

}  // namespace pool
