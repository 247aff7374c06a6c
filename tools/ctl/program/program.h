// The program that a command would run: where it is, what its file is, and if it is a script, which program
// really runs. Files are read; nothing of them is executed.
#pragma once

#include "tools/ctl/program/elf_file.h"

#include <sys/types.h>

#include <optional>
#include <string>

namespace ctl {

struct Program {
    std::string name;            // as it was asked for
    std::string path;            // of its file; empty: there is none of that name
    int error = 0;               // errno, if a file can't be run or read
    std::string interpreter;     // of a script, as its first line has it; empty: it is none
    std::string executable;      // the file that runs at last: what /proc/PID/exe will name
    std::optional<ElfFile> elf;  // of it; nothing: it is none
    bool sets_user = false;      // setuid
    bool sets_group = false;     // setgid
    uid_t owner = 0;
    gid_t group = 0;
    bool has_capabilities = false;
};

// Looks in the folders of `search`, as PATH has them, unless the name has a slash.
[[nodiscard]] Program look_at_program(const std::string& name, const std::string& search);

}  // namespace ctl
