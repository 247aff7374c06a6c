// The program that a command would run: where it is, what its file is, and if it is a script, which program
// really runs. Files are read; nothing of them is executed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ctl {

// What an ELF file says of how it is started.
struct ElfFile {
    bool is_own_kind = false;  // as this program: class, byte order, machine. If not, nothing below is known.
    std::string interpreter;   // the loader it asks for; empty: static
};
// Nothing if it isn't ELF, or is cut off or broken so that the kernel wouldn't run it either. Whatever it
// claims, less than 70 KiB are read.
[[nodiscard]] std::optional<ElfFile> read_elf(int fd);
// Whether the text is in the file's first 512 MiB.
[[nodiscard]] bool has_text(int fd, std::string_view text);

struct Program {
    std::string path;        // the name, if there is none
    int error = 0;           // errno, if it, or a script's interpreter, can't be run or read
    std::string executable;  // what runs at last, of a script its interpreter: as /proc/PID/exe will name it
    std::optional<ElfFile> elf;  // of that; nothing: it is none
    std::string privileges;      // of that, beyond those of who starts it: "setuid, file capabilities"
    // That knows the pool's variable, and not the library that reads it: so it maps the files by itself, as
    // damocles-worker's releases do.
    bool maps_files_itself = false;

    [[nodiscard]] bool is_script() const { return executable != path; }
};

// Looks in the folders of `search`, as PATH has them, unless the name has a slash.
[[nodiscard]] Program look_at_program(const std::string& name, const std::string& search);

}  // namespace ctl
