#include "tools/file_init/existing_file.h"

#include "shim/core/fd.h"
#include "tools/file_init/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <limits>

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

// Enters all pages, which are in the page cache already, into the page table, so that the kernel can tell
// where they are. MADV_POPULATE_READ fails on a damaged page, where a read would be a SIGBUS; kernels before
// 5.14 do not know it.
int enter_pages(const Mapping& mapping, ByteSize page_size) {
    if (::madvise(mapping.begin(), mapping.size(), MADV_POPULATE_READ) == 0) {
        return 0;
    }
    if (errno != EINVAL) {
        return errno;
    }
    for (std::size_t at = 0; at < mapping.size(); at += page_size.bytes) {
        static_cast<void>(*(static_cast<const volatile std::byte*>(mapping.begin()) + at));
    }
    return 0;
}

void look_at_pages(FileFacts& facts, int fd, ByteSize page_size, NodeId node) {
    const auto mapping = Mapping::of(fd, facts.size, PROT_READ, MAP_SHARED | MAP_NORESERVE);
    if (!mapping) {
        facts.pages_error = mapping.error().code;
        return;
    }
    facts.pages_error = enter_pages(mapping.value(), page_size);
    if (facts.pages_error != 0) {
        return;
    }
    const auto placement = hugepage::placement_of(mapping.value().begin(), mapping.value().size(), page_size,
                                                  node, std::numeric_limits<std::size_t>::max());
    if (placement) {
        facts.placement = placement.value();
    } else {
        facts.pages_error = placement.error().code;
    }
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
        look_at_pages(facts, fd, file_system.value().page_size, node);
    }
    return facts;
}

}  // namespace file_init
