// The program that a command would run: where it is, what its file is, and if it is a script, which program
// really runs. Files are read; nothing of them is executed.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace ctl {

// Fills `into` from the file's offset on; returns how many bytes that were: fewer at the end or on an error.
using ReadAt = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> into)>;

// What an ELF file says of how it is started.
struct ElfFile {
    bool is_own_kind = false;  // as this program: class, byte order, machine. If not, nothing below is known.
    std::string interpreter;   // the loader it asks for; empty: static
};
// Nothing if it isn't ELF, or is cut off or broken so that the kernel wouldn't run it either. Any bytes may
// be handed in; whatever they claim, less than 70 KiB are read.
[[nodiscard]] std::optional<ElfFile> read_elf(const ReadAt& read);

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
