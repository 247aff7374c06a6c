// The reader of ELF files: real programs, made-up ones, and bytes that are none.
#include "tools/ctl/program/elf_file.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

namespace {

using ctl::ElfFile;
using testing::Contains;
using testing::IsEmpty;

// What is found is in the file, and is looked for there with as many reads as a file of this size may have
// headers, each of no more bytes than the file's.
std::optional<ElfFile> read(const std::string& content) {
    std::size_t reads = 0;
    std::size_t longest_read = 0;
    const auto at = [&](std::uint64_t offset, std::span<std::byte> into) -> std::size_t {
        ++reads;
        longest_read = std::max(longest_read, into.size());
        if (offset >= content.size()) {
            return 0;
        }
        const std::size_t length = std::min<std::size_t>(into.size(), content.size() - offset);
        std::ranges::copy(std::as_bytes(std::span(content).subspan(offset, length)), into.begin());
        return length;
    };
    const auto file = ctl::read_elf({content.size(), at});
    EXPECT_LE(reads, 8 + content.size() / sizeof(Elf64_Phdr) * 2);
    EXPECT_LE(longest_read, std::max(content.size(), sizeof(Elf64_Ehdr)));
    if (file) {
        EXPECT_NE(content.find(file->interpreter), std::string::npos);
        EXPECT_LE(file->needed.size(), content.size() / sizeof(Elf64_Dyn));
        for (const std::string& library : file->needed) {
            EXPECT_NE(content.find(library), std::string::npos) << library;
        }
    }
    return file;
}

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

template <class T>
void put(std::string& content, std::size_t at, const T& value) {
    content.resize(std::max(content.size(), at + sizeof value));
    std::memcpy(content.data() + at, &value, sizeof value);
}

// Where made_up() puts things.
constexpr std::size_t kInterpreter = 0x200;
constexpr std::size_t kDynamic = 0x400;
constexpr std::size_t kStrings = 0x600;
constexpr std::size_t kNote = 0x800;

// A file of 4 KiB that maps itself to address 0: an interpreter, one library that is needed, a note.
std::string made_up(const std::string& interpreter, const std::string& needed,
                    const std::string& note = "GNU") {
    std::string content(4096, '\0');
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_DYN;
#if defined(__aarch64__)
    header.e_machine = EM_AARCH64;
#else
    header.e_machine = EM_X86_64;
#endif
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 4;
    put(content, 0, header);
    const auto segment = [&](std::size_t i, std::uint32_t type, std::size_t offset, std::size_t length) {
        Elf64_Phdr one{};
        one.p_type = type;
        one.p_offset = one.p_vaddr = offset;
        one.p_filesz = one.p_memsz = length;
        put(content, sizeof header + i * sizeof one, one);
    };
    segment(0, PT_LOAD, 0, content.size());
    segment(1, PT_INTERP, kInterpreter, interpreter.size() + 1);
    segment(2, PT_DYNAMIC, kDynamic, 4 * sizeof(Elf64_Dyn));
    segment(3, PT_NOTE, kNote, 64);
    std::copy(interpreter.begin(), interpreter.end(), content.begin() + kInterpreter);
    std::copy(needed.begin(), needed.end(), content.begin() + kStrings + 1);
    const auto tag = [&](std::size_t i, std::int64_t name, std::uint64_t value) {
        Elf64_Dyn one{};
        one.d_tag = name;
        one.d_un.d_val = value;
        put(content, kDynamic + i * sizeof one, one);
    };
    tag(0, DT_NEEDED, 1);
    tag(1, DT_STRTAB, kStrings);
    tag(2, DT_STRSZ, needed.size() + 2);
    put(content, kNote, Elf64_Nhdr{4, 8, 4});
    std::copy(note.begin(), note.end(), content.begin() + kNote + sizeof(Elf64_Nhdr));
    return content;
}

TEST(ElfFile, TellsOfThisVeryProgram) {
    const auto file = read(content_of("/proc/self/exe"));
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->is_own_kind);
    EXPECT_THAT(file->interpreter, testing::HasSubstr("/ld-linux"));
    EXPECT_THAT(file->needed, Contains("libc.so.6"));
    EXPECT_FALSE(file->is_go);
}

TEST(ElfFile, SeesThatAProgramIsStatic) {
    if (std::string(STATIC_PROGRAM).empty()) {
        GTEST_SKIP() << "needs a static C library";
    }
    const auto file = read(content_of(STATIC_PROGRAM));
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->is_own_kind);
    EXPECT_EQ(file->interpreter, "");
    EXPECT_THAT(file->needed, IsEmpty());
}

TEST(ElfFile, SeesAMallocThatAllWillCall) {
    const auto file = read(content_of(OWN_MALLOC));
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->exports_malloc);
    EXPECT_FALSE(read(made_up("/lib64/ld-linux-x86-64.so.2", "libc.so.6"))->exports_malloc);
}

TEST(ElfFile, ReadsInterpreterAndLibrariesOfAMadeUpFile) {
    const auto file = read(made_up("/lib/ld-musl-x86_64.so.1", "libc.musl-x86_64.so.1"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->interpreter, "/lib/ld-musl-x86_64.so.1");
    EXPECT_THAT(file->needed, testing::ElementsAre("libc.musl-x86_64.so.1"));
    EXPECT_EQ(file->allocator, "");
}

TEST(ElfFile, KnowsGoByItsNoteAndAllocatorsByTheirLibrary) {
    const auto file = read(made_up("/lib64/ld-linux-x86-64.so.2", "libjemalloc.so.2", "Go"));
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->is_go);
    EXPECT_EQ(file->allocator, "jemalloc");
    EXPECT_FALSE(read(made_up("/lib64/ld-linux-x86-64.so.2", "libm.so.6"))->is_go);
}

TEST(ElfFile, NamesAnotherKindOfProgram) {
    std::string content = made_up("/lib/ld-linux.so.2", "libc.so.6");
    content[EI_CLASS] = ELFCLASS32;
    content[EI_NIDENT + 2] = EM_386;
    const auto file = read(content);
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->is_own_kind);
    EXPECT_EQ(file->kind, "32-bit x86");
}

TEST(ElfFile, IsNothingIfTheBytesAreNone) {
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read("#!/bin/sh\n"));
    EXPECT_FALSE(read("\177ELF"));
    EXPECT_FALSE(read(std::string(4096, '\377')));
}

TEST(ElfFile, TellsOfAFileCutOffAnywhereWhatIsStillWhole) {
    const std::string interpreter = "/lib64/ld-linux-x86-64.so.2";
    const std::string library = "libc.so.6";
    const std::string whole = made_up(interpreter, library, "Go");
    for (std::size_t length = 0; length < whole.size(); ++length) {
        SCOPED_TRACE(length);
        const auto file = read(whole.substr(0, length));
        ASSERT_EQ(file.has_value(), length > kInterpreter + interpreter.size());
        if (file) {
            EXPECT_TRUE(file->is_own_kind);
            EXPECT_EQ(file->interpreter, interpreter);
            EXPECT_EQ(file->needed.size(), length > kStrings + 1 + library.size() ? 1 : 0);
            EXPECT_EQ(file->is_go, length >= kNote + sizeof(Elf64_Nhdr) + 4);
        }
    }
}

// With the promises of read() above.
TEST(ElfFile, SurvivesAnyByteBeingAnother) {
    const std::string whole = made_up("/lib64/ld-linux-x86-64.so.2", "libc.so.6", "Go");
    for (std::size_t i = 0; i < 0x820; ++i) {
        for (const char other : {'\0', '\1', '\177', '\377'}) {
            std::string content = whole;
            content[i] = other;
            SCOPED_TRACE(testing::Message() << "byte " << i << " is " << static_cast<int>(other));
            static_cast<void>(read(content));
        }
    }
}

}  // namespace
