// What an ELF file says of the program in it, as far as it matters to preloading. Any bytes may be handed in:
// what makes no sense is said to be broken, or left out. No file is opened here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ctl {

// A file's bytes, of any size.
struct Bytes {
    std::uint64_t size = 0;
    // Fills `into` from the offset; returns how many bytes that were: fewer at the end or on an error.
    std::function<std::size_t(std::uint64_t offset, std::span<std::byte> into)> read;
};

struct ElfFile {
    bool is_own_kind = false;  // as this program: class, byte order, machine. If not, nothing below is known.
    std::string kind;          // for people: "64-bit aarch64"
    std::string interpreter;   // the loader it asks for; empty: static
    std::vector<std::string> needed;  // libraries
    bool is_go = false;               // built by the Go compiler
    bool exports_malloc = false;      // what is loaded with it calls its malloc
    std::string allocator;            // that is linked in, by name; or empty
};

// Nothing if it isn't ELF, or is cut off or broken so that the kernel wouldn't run it either.
[[nodiscard]] std::optional<ElfFile> read_elf(const Bytes& bytes);

}  // namespace ctl
