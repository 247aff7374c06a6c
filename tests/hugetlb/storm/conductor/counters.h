// Accounts of huge pages: the kernel's of the mounted pool, which are this storm's alone, and the machine's,
// in which others may move meanwhile.
#pragma once

#include "tests/support/temp_dir.h"

#include <sys/statfs.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace storm {

// Bytes of the pool that are in files, or reserved for mappings of them; deleted files that are still mapped
// count.
inline std::uint64_t taken_from(const std::filesystem::path& mount) {
    struct statfs facts {};
    if (::statfs(mount.c_str(), &facts) != 0) {
        return UINT64_MAX;
    }
    return (facts.f_blocks - facts.f_bfree) * static_cast<std::uint64_t>(facts.f_bsize);
}

inline std::string machines_counters() {
    std::string text = "the machine's 2 MiB pages:";
    for (const std::string name : {"nr", "free", "resv", "surplus"}) {
        const auto value =
            tests::read_file("/sys/kernel/mm/hugepages/hugepages-2048kB/" + name + "_hugepages");
        text += " " + name + " " + value.substr(0, value.find('\n'));
    }
    return text;
}

}  // namespace storm
