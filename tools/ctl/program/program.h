// The program that a command would run: where it is, what its file is, and if it is a script, which program
// really runs. Reads only.
#pragma once

#include "tools/ctl/program/elf_file.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace ctl {

struct Program {
    std::string name;  // as it was asked for
    std::string path;  // of its file; empty: there is none of that name
    int error = 0;     // errno, if a file can't be run or read
    // A script's interpreter, and that one's, if it is a script too; /usr/bin/env counts, and what it starts.
    std::vector<std::string> interpreters;
    std::string executable;      // the file at the end of that: what /proc/PID/exe will name
    std::optional<ElfFile> elf;  // of it; nothing: it is none
    bool sets_user = false;      // setuid
    bool sets_group = false;     // setgid
    uid_t owner = 0;
    gid_t group = 0;
    bool has_capabilities = false;

    [[nodiscard]] bool is_script() const { return !interpreters.empty(); }
};

// Looks in the folders of `search`, as PATH has them, unless the name has a slash.
[[nodiscard]] Program look_at_program(const std::string& name, const std::string& search);

}  // namespace ctl
