#include "tools/common/mounts.h"

#include "tools/common/values.h"

#include <libmount/libmount.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

namespace tools {
namespace {

std::string text(const char* value) {
    return value != nullptr ? value : "";
}

// The value of one of the file system's options; nothing if it isn't there.
std::optional<std::string> option(const Mount& mount, const char* name) {
    char* value = nullptr;
    std::size_t length = 0;
    if (mnt_optstr_get_option(mount.options.c_str(), name, &value, &length) != 0) {
        return std::nullopt;
    }
    return value != nullptr ? std::string(value, length) : std::string();
}

}  // namespace

bool Mount::holds_pages_back() const {
    return option(*this, "min_size").has_value();
}

std::optional<hugepage::ByteSize> Mount::page_size() const {
    const auto size = is_hugetlbfs() ? option(*this, "pagesize") : std::nullopt;
    return size ? parse_byte_size(*size + "iB") : std::nullopt;
}

std::vector<Mount> mounts(const std::string& list) {
    const std::unique_ptr<libmnt_table, decltype(&mnt_unref_table)> table(mnt_new_table(), mnt_unref_table);
    const std::unique_ptr<libmnt_iter, decltype(&mnt_free_iter)> each(mnt_new_iter(MNT_ITER_FORWARD),
                                                                      mnt_free_iter);
    std::vector<Mount> found;
    if (!table || !each || mnt_table_parse_file(table.get(), list.c_str()) != 0) {
        return found;
    }
    libmnt_fs* fs = nullptr;
    while (mnt_table_next_fs(table.get(), each.get(), &fs) == 0) {
        found.push_back({static_cast<std::uint64_t>(mnt_fs_get_id(fs)), text(mnt_fs_get_target(fs)),
                         text(mnt_fs_get_fstype(fs)), text(mnt_fs_get_fs_options(fs)),
                         text(mnt_fs_get_source(fs))});
    }
    return found;
}

std::optional<Mount> mount_of(int fd) {
    struct statx facts {};
    if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &facts) != 0 || (facts.stx_mask & STATX_MNT_ID) == 0) {
        return std::nullopt;
    }
    const auto all = mounts();
    const auto mount = std::ranges::find(all, facts.stx_mnt_id, &Mount::id);
    return mount != all.end() ? std::optional(*mount) : std::nullopt;
}

}  // namespace tools
