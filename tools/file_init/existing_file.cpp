#include "tools/file_init/existing_file.h"

#include "shim/base/fd.h"
#include "tools/file_init/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace file_init {
namespace {

FileFacts::Kind kind_of(mode_t mode) {
    if (S_ISREG(mode)) {
        return FileFacts::Kind::regular;
    }
    if (S_ISLNK(mode)) {
        return FileFacts::Kind::link;
    }
    return S_ISDIR(mode) ? FileFacts::Kind::folder : FileFacts::Kind::other;
}

// Enters a page, which is in the page cache already, into the page table, so that the kernel can tell where
// it is. MADV_POPULATE_READ fails on a damaged page, where a read would be a SIGBUS; kernels before 5.14 do
// not know it. The errno, or 0.
int enter_page(std::byte* page, ByteSize page_size) {
    if (::madvise(page, page_size.bytes, MADV_POPULATE_READ) == 0) {
        return 0;
    }
    if (errno != EINVAL) {
        return errno;
    }
    static_cast<void>(*static_cast<const volatile std::byte*>(page));
    return 0;
}

}  // namespace

FileFacts look_at_file(const std::string& path, ByteSize expected_size, NodeId node) {
    FileFacts facts;
    facts.path = path;
    struct stat name {};
    if (::lstat(path.c_str(), &name) != 0) {
        facts.error = errno == ENOENT ? 0 : errno;
        return facts;
    }
    facts.kind = kind_of(name.st_mode);
    if (facts.kind != FileFacts::Kind::regular) {
        return facts;
    }
    const auto file = hugepage::Fd::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!file) {
        facts.error = file.error().code;
        return facts;
    }
    const int fd = file.value().get();
    const auto file_system = hugepage::file_system_of(fd);
    if (!file_system) {
        facts.error = file_system.error().code;
        return facts;
    }
    struct stat stat {};
    if (::fstat(fd, &stat) != 0) {
        facts.error = errno;
        return facts;
    }
    facts.kind = kind_of(stat.st_mode);
    facts.on_hugetlbfs = file_system.value().kind == hugepage::FileSystem::Kind::hugetlbfs;
    facts.size = ByteSize{static_cast<std::uint64_t>(stat.st_size)};
    facts.allocated = ByteSize{static_cast<std::uint64_t>(stat.st_blocks) * 512};
    facts.owner = stat.st_uid;
    facts.group = stat.st_gid;
    facts.mode = stat.st_mode & 07777;
    facts.device = stat.st_dev;
    facts.inode = stat.st_ino;
    if (facts.on_hugetlbfs && facts.size == expected_size && facts.allocated >= facts.size) {
        const auto placement =
            placement_of_file(fd, facts.size, file_system.value().page_size, node, kAllPages);
        if (placement) {
            facts.placement = placement.value();
        } else {
            facts.pages_error = placement.error().code;
        }
    }
    return facts;
}

hugepage::Result<hugepage::Placement> placement_of_file(
    int fd, ByteSize size, ByteSize page_size, NodeId node, std::size_t most_checked,
    const std::function<void(std::uint64_t bytes)>& advanced) {
    const auto mapping = Mapping::of(fd, size, PROT_READ, MAP_SHARED | MAP_NORESERVE);
    if (!mapping) {
        return mapping.error();
    }
    const std::size_t pages = size.bytes / page_size.bytes;
    const std::size_t samples = std::min(pages, most_checked);
    auto* begin = static_cast<std::byte*>(mapping.value().begin());
    for (std::size_t i = 0; i < samples; ++i) {
        const std::size_t page = hugepage::sampled_page(i, samples, pages);
        if (const int error = enter_page(begin + page * page_size.bytes, page_size)) {
            return hugepage::Error{"read a page", error};
        }
        if (advanced) {
            advanced(page_size.bytes);
        }
    }
    return hugepage::placement_of(begin, size.bytes, page_size, node, most_checked);
}

}  // namespace file_init
