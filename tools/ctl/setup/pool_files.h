// Files on hugetlbfs that may be removed: those that the record names, or all that look like a pool's under a
// path; and who holds them.
#pragma once

#include "shim/base/file_pattern.h"
#include "tools/ctl/setup/record.h"

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ctl {

struct PoolHolder {
    pid_t pid = 0;
    std::string command;     // empty: there is no such process any more, or none that can be seen
    std::int64_t since = 0;  // Unix time, seconds, that the process has run from; 0: not known
};

struct PoolFile {
    FileMade file;
    dev_t device = 0;
    ino_t inode = 0;
    std::vector<PoolHolder> holders;  // who has it mapped or locked
};

// Regular files on hugetlbfs whose names don't begin with a dot. Others are left out, and so are those that
// are not there. Throws tools::Failure where a folder can't be read.
[[nodiscard]] std::vector<PoolFile> files_of(const Record& record);
[[nodiscard]] std::vector<PoolFile> files_of(const hugepage::FilePattern& pattern);

// Fills in the holders of all.
void find_holders(std::vector<PoolFile>& files);

enum class FileFate {
    removed,
    missing,  // somebody else has removed or replaced it
    held,     // somebody has its lock
    failed,   // errno says why
};
// Holds the file's lock while its name goes, so that nobody who has opened it can lease it afterwards.
[[nodiscard]] FileFate remove_file(const PoolFile& file);

}  // namespace ctl
