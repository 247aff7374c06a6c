#include "tools/ctl/pool/file_pages.h"

#include "shim/core/fd.h"
#include "tools/file_init/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace ctl {
namespace {

using file_init::Mapping;
using hugepage::Error;
using hugepage::Placement;
using hugepage::Result;

// The file may be another by now, or have been cut: then a look at its pages would allocate some.
Result<Mapping> map(const SurveyedFile& file) {
    const auto opened = hugepage::Fd::open(file.path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (!opened) {
        return opened.error();
    }
    struct stat facts {};
    if (::fstat(opened.value().get(), &facts) != 0) {
        return Error{"fstat", errno};
    }
    if (hugepage::FileId{facts.st_dev, facts.st_ino} != file.id ||
        static_cast<std::uint64_t>(facts.st_size) != file.size.bytes ||
        static_cast<std::uint64_t>(facts.st_blocks) * S_BLKSIZE < file.size.bytes) {
        return Error{"look again", ESTALE};
    }
    return Mapping::of(opened.value().get(), file.size, PROT_READ, MAP_SHARED | MAP_NORESERVE);
}

// The kernel tells only of pages that are in the page table. MADV_POPULATE_READ fails on a damaged page,
// where a read would be a SIGBUS; kernels before 5.14 don't know it.
int enter_pages(std::byte* begin, std::size_t length, ByteSize page_size) {
    if (::madvise(begin, length, MADV_POPULATE_READ) == 0) {
        return 0;
    }
    if (errno != EINVAL) {
        return errno;
    }
    for (std::size_t at = 0; at < length; at += page_size.bytes) {
        static_cast<void>(*static_cast<const volatile std::byte*>(begin + at));
    }
    return 0;
}

}  // namespace

Result<Placement> sample_pages(const SurveyedFile& file, std::size_t most_checked) {
    const auto mapping = map(file);
    if (!mapping) {
        return mapping.error();
    }
    const ByteSize page_size = file.file_system.page_size;
    const std::size_t pages = file.size.bytes / page_size.bytes;
    const std::size_t samples = std::min(pages, most_checked);
    auto* begin = static_cast<std::byte*>(mapping.value().begin());
    for (std::size_t i = 0; i < samples; ++i) {
        const std::size_t page = hugepage::sampled_page(i, samples, pages);
        if (const int error = enter_pages(begin + page * page_size.bytes, page_size.bytes, page_size)) {
            return Error{"read a page", error};
        }
    }
    return hugepage::placement_of(begin, file.size.bytes, page_size, file.node, most_checked);
}

void sample_pages(PoolSurvey& pool) {
    constexpr std::size_t kMostChecked = 64;
    for (SurveyedFile& file : pool.files) {
        if (!file.has_all_pages() || is_for_want_of_rights(file)) {
            continue;
        }
        const auto placement = sample_pages(file, kMostChecked);
        if (placement) {
            file.placement = placement.value();
        } else {
            file.pages_error = placement.error().code;
        }
        judge_placement(file);
    }
}

Result<Placement> look_at_all_pages(const SurveyedFile& file,
                                    const std::function<void(std::size_t pages)>& advanced) {
    constexpr std::size_t kPagesAtATime = 256;
    constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();
    const auto mapping = map(file);
    if (!mapping) {
        return mapping.error();
    }
    const ByteSize page_size = file.file_system.page_size;
    auto* begin = static_cast<std::byte*>(mapping.value().begin());
    Placement sum;
    for (std::size_t at = 0; at < file.size.bytes;) {
        const std::size_t length = std::min(kPagesAtATime * page_size.bytes, file.size.bytes - at);
        if (const int error = enter_pages(begin + at, length, page_size)) {
            return Error{"read a page", error};
        }
        const auto part = hugepage::placement_of(begin + at, length, page_size, file.node, kAll);
        if (!part) {
            return part.error();
        }
        sum.checked += part.value().checked;
        sum.elsewhere += part.value().elsewhere;
        sum.absent += part.value().absent;
        sum.other = part.value().elsewhere > 0 ? part.value().other : sum.other;
        at += length;
        advanced(part.value().checked);
    }
    return sum;
}

}  // namespace ctl
