// What is read of /proc: lines of /proc/locks, /proc/PID/maps and /proc/PID/stat, against readers that split
// them into words; and lines of files of any content, against std::getline.
#include "shim/base/text_file.h"
#include "tests/fuzz/fuzzing.h"
#include "tools/common/holders.h"
#include "tools/common/lines.h"

#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <string>

namespace {

using namespace hugepage;
using fuzzing::expect;

std::vector<std::string_view> words_of(std::string_view line) {
    auto words = fuzzing::split(line, ' ');
    std::erase(words, std::string_view{});
    words.resize(std::max<std::size_t>(words.size(), 32));  // so that any may be asked for
    return words;
}

template <class Number>
std::optional<Number> number(std::string_view text, unsigned base) {
    const bool is_negative = std::numeric_limits<Number>::is_signed && text.starts_with('-');
    text.remove_prefix(is_negative ? 1 : 0);
    __extension__ __int128 value = 0;
    for (const char c : text) {
        const std::string_view digits = "0123456789abcdef";
        const std::size_t digit = digits.find(c);
        if (digit >= base || value > std::numeric_limits<std::uint64_t>::max()) {
            return std::nullopt;
        }
        value = value * base + static_cast<unsigned>(digit);
    }
    value = is_negative ? -value : value;
    const bool fits =
        value >= std::numeric_limits<Number>::min() && value <= std::numeric_limits<Number>::max();
    return text.empty() || !fits ? std::nullopt : std::optional(static_cast<Number>(value));
}

std::optional<FileId> file_id(std::string_view major_text, std::string_view minor_text,
                              std::string_view inode_text) {
    const auto major_number = number<unsigned>(major_text, 16);
    const auto minor_number = number<unsigned>(minor_text, 16);
    const auto inode = number<ino_t>(inode_text, 10);
    if (!major_number || !minor_number || !inode) {
        return std::nullopt;
    }
    return FileId{makedev(*major_number, *minor_number), *inode};
}

void check_lock(std::string_view line) {
    const auto words = words_of(line);
    const auto place = fuzzing::split(words[5], ':');
    auto pid = number<pid_t>(words[4], 10);
    if (words[4].starts_with('-') && words[4] != "-1") {
        pid.reset();  // the kernel writes no other
    }
    const auto file = place.size() == 3 ? file_id(place[0], place[1], place[2]) : std::nullopt;
    const auto read = parse_lock(line);
    expect(read.has_value() == (words[1] == "FLOCK" && pid && file), "flocks are told from other lines");
    expect(!read || (read->pid == *pid && read->file == *file), "a lock is the process's on the file");
}

void check_mapping(std::string_view line) {
    const auto words = words_of(line);
    const auto device = fuzzing::split(words[3], ':');
    auto file = device.size() == 2 ? file_id(device[0], device[1], words[4]) : std::nullopt;
    if (file && file->inode == 0) {
        file.reset();
    }
    const auto begin = number<std::uintptr_t>(fuzzing::split(words[0], '-')[0], 16);
    const auto offset = number<std::uintptr_t>(words[2], 16);
    const auto read = parse_mapped_file(line);
    expect(read.has_value() == (begin && offset && file), "a mapping of a file is told from others");
    expect(!read || read->file == *file, "a mapping is of the file that its line says");
    expect(!read || read->first_byte + *offset == *begin, "the file's first byte is an offset below");
}

void check_start(std::string_view stat) {
    const auto name_end = stat.rfind(')');
    std::optional<std::uint64_t> ticks;
    if (name_end != std::string_view::npos) {
        ticks = number<std::uint64_t>(words_of(trimmed(stat.substr(name_end + 1)))[19], 10);
    }
    expect(parse_start_ticks(stat) == ticks, "the start is the 20th word after the name");
}

// A byte beyond ASCII stands for many, so that lines may be longer than the reader's buffer.
std::string grown(std::string_view input) {
    std::string content;
    constexpr std::size_t kMost = 64 * 1024;
    for (const char c : input) {
        if (content.size() > kMost) {
            break;
        }
        const auto byte = static_cast<unsigned char>(c);
        content.append(byte < 128 ? 1 : (byte - 127U) * 66, byte < 128 ? c : 'x');
    }
    return content;
}

void check_lines(const std::string& content) {
    static const int file = ::memfd_create("fuzz", MFD_CLOEXEC);
    static const std::string path = "/proc/self/fd/" + std::to_string(file);
    const auto bytes = static_cast<ssize_t>(content.size());
    expect(::ftruncate(file, 0) == 0 && ::pwrite(file, content.data(), content.size(), 0) == bytes,
           "a file is written");
    constexpr std::size_t kLongest = 8 * 1024;
    std::istringstream expected(content);
    const auto visited = for_each_line(path.c_str(), [&](std::string_view line) {
        std::string next;
        expect(!std::getline(expected, next).fail(), "there are no more lines than there are");
        expect(line == std::string_view(next).substr(0, kLongest), "a line is whole, or cut at 8 KiB");
    });
    expect(visited.ok(), "a file that is there is read");
    std::string more;
    expect(std::getline(expected, more).fail(), "there are all the lines that there are");

    std::vector<char> buffer(kLongest);
    const auto read = read_text(path.c_str(), buffer);
    expect(read.ok() == (content.size() < kLongest), "a text is refused that doesn't fit");
    expect(!read || read.value() == content, "a text is read as it is");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzzing::text_of(data, size);
    for (const std::string_view line : fuzzing::split(text, '\n')) {
        check_lock(line);
        check_mapping(line);
    }
    check_start(text);
    check_lines(grown(text));
    return 0;
}
