// How a program's file is read. Linked by itself where it is fuzzed.
#include "tools/pool/program.h"

#include <elf.h>

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <span>
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
bool read_whole(int fd, std::uint64_t offset, std::span<T> into) {
    const auto length = static_cast<ssize_t>(into.size_bytes());
    return ::pread(fd, into.data(), into.size_bytes(), static_cast<off_t>(offset)) == length;
}

}  // namespace

std::optional<ElfFile> read_elf(int fd) {
    Elf64_Ehdr header{};  // the 32-bit one is the same up to e_machine
    if (!read_whole(fd, 0, std::span(&header, 1)) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        return std::nullopt;
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != kOwnMachine) {
        return ElfFile{};
    }
    std::vector<Elf64_Phdr> segments(std::min<std::size_t>(header.e_phnum, kMostProgramHeaders));
    if ((header.e_type != ET_EXEC && header.e_type != ET_DYN) || header.e_phentsize != sizeof(Elf64_Phdr) ||
        segments.empty() || segments.size() != header.e_phnum ||
        !read_whole(fd, header.e_phoff, std::span(segments))) {
        return std::nullopt;
    }
    ElfFile file{.is_own_kind = true, .interpreter = {}};
    const auto segment = std::ranges::find(segments, PT_INTERP, &Elf64_Phdr::p_type);
    if (segment != segments.end()) {
        // With its terminator, as the kernel wants it.
        file.interpreter.resize(segment->p_filesz <= PATH_MAX ? segment->p_filesz : 0);
        if (file.interpreter.size() < 2 || !read_whole(fd, segment->p_offset, std::span(file.interpreter)) ||
            file.interpreter.back() != '\0') {
            return std::nullopt;
        }
        file.interpreter.resize(file.interpreter.find('\0'));
    }
    return file;
}

bool has_text(int fd, std::string_view text) {
    constexpr std::uint64_t kMostRead = std::uint64_t{512} << 20;
    std::string part(std::size_t{1} << 20, '\0');
    for (std::uint64_t begin = 0; begin < kMostRead; begin += part.size() - text.size()) {
        const ssize_t length = ::pread(fd, part.data(), part.size(), static_cast<off_t>(begin));
        if (length <= 0) {
            return false;
        }
        // A search for its first letter stops often: H is the commonest byte of x86-64's code.
        if (::memmem(part.data(), static_cast<std::size_t>(length), text.data(), text.size()) != nullptr) {
            return true;
        }
    }
    return false;
}

}  // namespace ctl
