#include "tools/ctl/program/elf_file.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace ctl {
namespace {

#if defined(__aarch64__)
constexpr std::uint16_t kOwnMachine = EM_AARCH64;
#else
constexpr std::uint16_t kOwnMachine = EM_X86_64;
#endif

// More than any program has; what claims more is cut.
constexpr std::uint64_t kMostName = std::uint64_t{64} << 20;
constexpr std::uint64_t kMostEntries = std::uint64_t{4} << 20;
constexpr std::size_t kLongestName = 4096;

template <class T>
std::optional<T> at(const Bytes& bytes, std::uint64_t offset) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    const auto into = std::as_writable_bytes(std::span(&value, 1));
    return bytes.read(offset, into) == into.size() ? std::optional(value) : std::nullopt;
}

// As much of it as is there.
std::string text_at(const Bytes& bytes, std::uint64_t offset, std::uint64_t length) {
    if (offset >= bytes.size) {
        return {};
    }
    std::string text(std::min({length, bytes.size - offset, kMostName}), '\0');
    text.resize(bytes.read(offset, std::as_writable_bytes(std::span(text.data(), text.size()))));
    return text;
}

std::string_view name_in(std::string_view table, std::uint64_t offset) {
    if (offset >= table.size()) {
        return {};
    }
    const std::string_view rest = table.substr(offset, kLongestName);
    const std::size_t end = rest.find('\0');
    return end == std::string_view::npos ? std::string_view{} : rest.substr(0, end);
}

// Entries of a table, as many as are there.
template <class T>
std::vector<T> entries(const Bytes& bytes, std::uint64_t offset, std::uint64_t count) {
    if (offset >= bytes.size) {
        return {};
    }
    std::vector<T> all(std::min({count, (bytes.size - offset) / sizeof(T), kMostEntries}));
    const auto into = std::as_writable_bytes(std::span(all));
    all.resize(bytes.read(offset, into) / sizeof(T));
    return all;
}

std::string machine_name(std::uint16_t machine) {
    switch (machine) {
        case EM_386:
            return "x86";
        case EM_X86_64:
            return "x86-64";
        case EM_ARM:
            return "arm";
        case EM_AARCH64:
            return "aarch64";
        case EM_RISCV:
            return "RISC-V";
        case EM_PPC64:
            return "POWER";
        default:
            return "machine " + std::to_string(machine);
    }
}

// Where in the file an address of the program comes from.
std::optional<std::uint64_t> offset_of(const std::vector<Elf64_Phdr>& segments, std::uint64_t address) {
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_filesz) {
            return segment.p_offset + (address - segment.p_vaddr);
        }
    }
    return std::nullopt;
}

void read_needed(ElfFile& file, const Bytes& bytes, const std::vector<Elf64_Phdr>& segments,
                 const Elf64_Phdr& dynamic) {
    const auto tags = entries<Elf64_Dyn>(bytes, dynamic.p_offset, dynamic.p_filesz / sizeof(Elf64_Dyn));
    const auto end = std::ranges::find(tags, DT_NULL, &Elf64_Dyn::d_tag);
    std::uint64_t length = 0;
    std::optional<std::uint64_t> table;
    for (auto tag = tags.begin(); tag != end; ++tag) {
        if (tag->d_tag == DT_STRTAB) {
            table = offset_of(segments, tag->d_un.d_ptr);
        } else if (tag->d_tag == DT_STRSZ) {
            length = tag->d_un.d_val;
        }
    }
    if (!table) {
        return;
    }
    const std::string names = text_at(bytes, *table, length);
    for (auto tag = tags.begin(); tag != end; ++tag) {
        const std::string_view name = tag->d_tag == DT_NEEDED ? name_in(names, tag->d_un.d_val) : "";
        if (!name.empty()) {
            file.needed.emplace_back(name);
        }
    }
}

// A note's name and content are padded to words.
bool has_go_note(const Bytes& bytes, const Elf64_Phdr& segment) {
    constexpr std::uint64_t kMostNotes = 65536;
    const std::string notes = text_at(bytes, segment.p_offset, std::min(segment.p_filesz, kMostNotes));
    for (std::size_t i = 0; i + sizeof(Elf64_Nhdr) <= notes.size();) {
        Elf64_Nhdr note{};
        std::memcpy(&note, notes.data() + i, sizeof note);
        i += sizeof note;
        if (note.n_namesz == 4 && std::string_view(notes).substr(i, 4) == std::string_view("Go\0\0", 4)) {
            return true;
        }
        i += (std::size_t{note.n_namesz} + 3) / 4 * 4 + (std::size_t{note.n_descsz} + 3) / 4 * 4;
    }
    return false;
}

std::string allocator_of_symbol(std::string_view name) {
    constexpr std::string_view kJemalloc[] = {"_rjem_malloc", "je_malloc", "mallocx", "_rjem_mallocx"};
    if (std::ranges::find(kJemalloc, name) != std::end(kJemalloc)) {
        return "jemalloc";
    }
    return name == "mi_malloc" ? "mimalloc" : name == "tc_malloc" ? "tcmalloc" : "";
}

std::string allocator_of_library(std::string_view name) {
    for (const char* allocator : {"jemalloc", "mimalloc", "tcmalloc"}) {
        if (name.starts_with(std::string("lib") + allocator)) {
            return allocator;
        }
    }
    return {};
}

void read_symbols(ElfFile& file, const Bytes& bytes, const std::vector<Elf64_Shdr>& sections) {
    for (const Elf64_Shdr& section : sections) {
        const bool is_dynamic = section.sh_type == SHT_DYNSYM;
        if ((!is_dynamic && section.sh_type != SHT_SYMTAB) || section.sh_link >= sections.size()) {
            continue;
        }
        const Elf64_Shdr& strings = sections[section.sh_link];
        const std::string names = text_at(bytes, strings.sh_offset, strings.sh_size);
        for (const Elf64_Sym& symbol :
             entries<Elf64_Sym>(bytes, section.sh_offset, section.sh_size / sizeof(Elf64_Sym))) {
            if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC) {
                continue;
            }
            const std::string_view name = name_in(names, symbol.st_name);
            file.exports_malloc = file.exports_malloc || (is_dynamic && name == "malloc");
            if (file.allocator.empty()) {
                file.allocator = allocator_of_symbol(name);
            }
        }
    }
}

}  // namespace

std::optional<ElfFile> read_elf(const Bytes& bytes) {
    std::array<unsigned char, EI_NIDENT> ident{};
    if (bytes.read(0, std::as_writable_bytes(std::span(ident))) != ident.size() ||
        std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0) {
        return std::nullopt;
    }
    // The 32-bit header is the same up to e_machine, and shorter. (Other byte orders are other machines.)
    const auto start = at<std::array<std::uint16_t, 2>>(bytes, EI_NIDENT);
    if (!start) {
        return std::nullopt;
    }
    const bool is_64 = ident[EI_CLASS] == ELFCLASS64;
    const bool is_little = ident[EI_DATA] == ELFDATA2LSB;
    ElfFile file;
    file.kind =
        std::string(is_64 ? "64-bit " : "32-bit ") + (is_little ? machine_name((*start)[1]) : "big-endian");
    file.is_own_kind = is_64 && is_little && (*start)[1] == kOwnMachine;
    if (!file.is_own_kind) {
        return file;
    }
    const auto header = at<Elf64_Ehdr>(bytes, 0);
    if (!header || (header->e_type != ET_EXEC && header->e_type != ET_DYN) ||
        header->e_phentsize != sizeof(Elf64_Phdr)) {
        return std::nullopt;
    }
    const auto segments = entries<Elf64_Phdr>(bytes, header->e_phoff, header->e_phnum);
    if (segments.empty() || segments.size() != header->e_phnum) {
        return std::nullopt;
    }
    for (const Elf64_Phdr& segment : segments) {
        if (segment.p_type == PT_INTERP) {
            const std::string path =
                text_at(bytes, segment.p_offset, std::min<std::uint64_t>(segment.p_filesz, kLongestName));
            file.interpreter = name_in(path, 0);
            if (file.interpreter.empty()) {
                return std::nullopt;
            }
        } else if (segment.p_type == PT_DYNAMIC) {
            read_needed(file, bytes, segments, segment);
        } else if (segment.p_type == PT_NOTE) {
            file.is_go = file.is_go || has_go_note(bytes, segment);
        }
    }
    if (header->e_shentsize == sizeof(Elf64_Shdr)) {
        read_symbols(file, bytes, entries<Elf64_Shdr>(bytes, header->e_shoff, header->e_shnum));
    }
    for (const std::string& library : file.needed) {
        if (file.allocator.empty()) {
            file.allocator = allocator_of_library(library);
        }
    }
    return file;
}

}  // namespace ctl
