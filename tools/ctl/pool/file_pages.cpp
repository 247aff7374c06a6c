#include "tools/ctl/pool/file_pages.h"

#include "shim/core/fd.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

namespace ctl {
namespace {

using Advanced = std::function<void(std::uint64_t bytes)>;
using hugepage::Error;

hugepage::Result<hugepage::Placement> look_at_file(const SurveyedFile& file, std::size_t most,
                                                   const Advanced& advanced) {
    const auto opened = hugepage::Fd::open(file.path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!opened) {
        return opened.error();
    }
    struct stat facts {};
    if (::fstat(opened.value().get(), &facts) != 0) {
        return Error{"fstat", errno};
    }
    // It may be another by now, or have been cut: then a look at its pages would allocate some.
    if (hugepage::FileId{facts.st_dev, facts.st_ino} != file.id ||
        static_cast<std::uint64_t>(facts.st_size) != file.size.bytes ||
        static_cast<std::uint64_t>(facts.st_blocks) * S_BLKSIZE < file.size.bytes) {
        return Error{"look again", ESTALE};
    }
    return pool::placement_of_file(opened.value().get(), file.size, file.file_system.page_size, file.node,
                                   most, advanced);
}

}  // namespace

void look_at_pages(PoolSurvey& pool, std::size_t most_of_a_file, const Advanced& advanced) {
    for (SurveyedFile& file : pool.files) {
        if (!file.has_all_pages() || file.is_forbidden()) {
            continue;
        }
        const auto placement = look_at_file(file, most_of_a_file, advanced);
        if (placement) {
            file.placement = placement.value();
        } else {
            file.pages_error = placement.error().code;
        }
    }
}

}  // namespace ctl
