// The reader of ELF files: real programs, made-up ones, and bytes that are none.
#include "tools/pool/program.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

namespace {

using ctl::ElfFile;

std::optional<ElfFile> read(const std::string& content) {
    static const int fd = ::memfd_create("elf", MFD_CLOEXEC);
    EXPECT_EQ(::ftruncate(fd, 0), 0);
    EXPECT_EQ(::pwrite(fd, content.data(), content.size(), 0), static_cast<ssize_t>(content.size()));
    const auto file = ctl::read_elf(fd);
    if (file) {
        EXPECT_NE(content.find(file->interpreter), std::string::npos);
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

constexpr std::size_t kInterpreter = 0x200;

// A file with an interpreter.
std::string made_up(const std::string& interpreter) {
    std::string content(kInterpreter + interpreter.size() + 100, '\0');
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
    header.e_phnum = 2;
    put(content, 0, header);
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_filesz = segment.p_memsz = content.size();
    put(content, sizeof header, segment);
    segment.p_type = PT_INTERP;
    segment.p_offset = kInterpreter;
    segment.p_filesz = interpreter.size() + 1;
    put(content, sizeof header + sizeof segment, segment);
    std::ranges::copy(interpreter, content.begin() + kInterpreter);
    return content;
}

TEST(ElfFile, TellsOfAProgramOfThisMachine) {
    const auto file = read(content_of("/bin/true"));
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->is_own_kind);
    EXPECT_THAT(file->interpreter, testing::HasSubstr("/ld-linux"));
}

TEST(ElfFile, SeesThatAProgramIsStatic) {
    if (std::string(STATIC_PROGRAM).empty()) {
        GTEST_SKIP() << "needs a static C library";
    }
    const auto file = read(content_of(STATIC_PROGRAM));
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->is_own_kind);
    EXPECT_EQ(file->interpreter, "");
}

TEST(ElfFile, KnowsAnotherKindOfProgram) {
    std::string content = made_up("/lib/ld-linux.so.2");
    content[EI_CLASS] = ELFCLASS32;
    const auto file = read(content);
    ASSERT_TRUE(file);
    EXPECT_FALSE(file->is_own_kind);
}

TEST(ElfFile, IsNothingIfTheBytesAreNone) {
    EXPECT_FALSE(read(""));
    EXPECT_FALSE(read("#!/bin/sh\n"));
    EXPECT_FALSE(read("\177ELF"));
    EXPECT_FALSE(read(std::string(4096, '\377')));
}

TEST(ElfFile, IsNothingIfItIsCutOffOrHasMoreThanTheKernelTakes) {
    const std::string interpreter = "/lib64/ld-linux-x86-64.so.2";
    const std::string whole = made_up(interpreter);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        SCOPED_TRACE(length);
        const auto file = read(whole.substr(0, length));
        ASSERT_EQ(file.has_value(), length > kInterpreter + interpreter.size());
        if (file) {
            EXPECT_EQ(file->interpreter, interpreter);
        }
    }
    EXPECT_FALSE(read(made_up(std::string(5000, 'x'))));
    std::string many = whole + std::string(std::size_t{4} << 20, '\0');
    put(many, offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{0xffff});
    EXPECT_FALSE(read(many));
}

// Wherever it lies, also where two parts that are read at a time meet; and it isn't looked for without end.
TEST(ElfFile, HasATextOrNot) {
    const int fd = ::memfd_create("text", MFD_CLOEXEC);
    constexpr off_t kPart = 1 << 20;
    for (const off_t at : {off_t{0}, kPart - 7, kPart - 2, 3 * kPart}) {
        ASSERT_EQ(::ftruncate(fd, 0), 0);
        EXPECT_FALSE(ctl::has_text(fd, "the text"));
        ASSERT_EQ(::pwrite(fd, "the text", 8, at), 8);
        EXPECT_TRUE(ctl::has_text(fd, "the text")) << at;
        EXPECT_FALSE(ctl::has_text(fd, "the test")) << at;
    }
    ASSERT_EQ(::ftruncate(fd, 0), 0);
    ASSERT_EQ(::pwrite(fd, "the text", 8, 600 * kPart), 8);
    EXPECT_FALSE(ctl::has_text(fd, "the text")) << "beyond what is read";
    ::close(fd);
}

// With the promises of read() above.
TEST(ElfFile, SurvivesAnyByteBeingAnother) {
    const std::string whole = made_up("/lib64/ld-linux-x86-64.so.2");
    for (std::size_t i = 0; i < whole.size(); ++i) {
        for (const char other : {'\0', '\1', '\177', '\377'}) {
            std::string content = whole;
            content[i] = other;
            SCOPED_TRACE(testing::Message() << "byte " << i << " is " << static_cast<int>(other));
            static_cast<void>(read(content));
        }
    }
}

}  // namespace
