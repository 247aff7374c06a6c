// How a program's file is read. Linked by itself where it is fuzzed.
#include "tools/pool/program.h"

#include <elf.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <vector>

namespace ctl {
namespace {

#if defined(__aarch64__)
constexpr std::uint16_t kOwnMachine = EM_AARCH64;
#else
constexpr std::uint16_t kOwnMachine = EM_X86_64;
#endif

// The kernel refuses a file with more.
constexpr std::size_t kMostProgramHeaders = 65536 / sizeof(Elf64_Phdr);

// False if the file ends before.
template <class T>
bool fill(const ReadAt& read, std::uint64_t offset, std::span<T> into) {
    return read(offset, std::as_writable_bytes(into)) == into.size_bytes();
}

}  // namespace

std::optional<ElfFile> read_elf(const ReadAt& read) {
    Elf64_Ehdr header{};
    // The 32-bit header is shorter, and the same up to e_machine. (Other byte orders are other machines.)
    const auto bytes = std::as_writable_bytes(std::span(&header, 1));
    const std::size_t length = read(0, bytes);
    if (length < offsetof(Elf64_Ehdr, e_version) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return std::nullopt;
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != kOwnMachine) {
        return ElfFile{};
    }
    if (length != bytes.size() || (header.e_type != ET_EXEC && header.e_type != ET_DYN) ||
        header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > kMostProgramHeaders) {
        return std::nullopt;
    }
    std::vector<Elf64_Phdr> segments(header.e_phnum);
    if (segments.empty() || !fill(read, header.e_phoff, std::span(segments))) {
        return std::nullopt;
    }
    ElfFile file;
    file.is_own_kind = true;
    const auto segment = std::ranges::find(segments, PT_INTERP, &Elf64_Phdr::p_type);
    if (segment != segments.end()) {
        // With its terminator, as the kernel wants it.
        file.interpreter.resize(segment->p_filesz <= PATH_MAX ? segment->p_filesz : 0);
        if (file.interpreter.size() < 2 || !fill(read, segment->p_offset, std::span(file.interpreter)) ||
            file.interpreter.back() != '\0') {
            return std::nullopt;
        }
        file.interpreter.resize(file.interpreter.find('\0'));
    }
    return file;
}

}  // namespace ctl
