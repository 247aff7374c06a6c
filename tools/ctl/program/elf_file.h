// What an ELF file says of how it is started. Any bytes may be handed in. Whatever the file claims, only its
// header, as many program headers as the kernel takes, and one path are read: less than 70 KiB.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace ctl {

// Fills `into` from the file's offset on; returns how many bytes that were: fewer at the end or on an error.
using ReadAt = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> into)>;

struct ElfFile {
    bool is_own_kind = false;  // as this program: class, byte order, machine. If not, nothing below is known.
    std::string interpreter;   // the loader it asks for; empty: static
};

// Nothing if it isn't ELF, or is cut off or broken so that the kernel wouldn't run it either.
[[nodiscard]] std::optional<ElfFile> read_elf(const ReadAt& read);

}  // namespace ctl
