// hugetlbfs mounted and unmounted, and the folders for it made and removed.
#pragma once

#include "tools/ctl/setup/record.h"

#include <string>

namespace ctl {

// What is said to be mounted, by which setup's own mounts can be told from others.
inline constexpr const char* kMountSource = "hugepagectl";

// The options as mount(8) takes them.
[[nodiscard]] std::string mount_options(ByteSize page_size);

// Each is entered in the record first. Throw tools::Failure.
void make_folder(const std::string& path, Ledger& ledger);
void mount_pages(const std::string& point, ByteSize page_size, Ledger& ledger);

enum class Gone {
    removed,
    missing,    // it was no longer, or never, there
    not_empty,  // it has something in it that isn't setup's, or isn't to go
    busy,       // some process is in it
    failed,
};
// Taken out of the record if it is gone.
Gone remove_folder(const std::string& path, Ledger& ledger);
// Only what setup has mounted there, seen from this process and with nothing in it.
Gone unmount_pages(const MountMade& mount, Ledger& ledger);

}  // namespace ctl
