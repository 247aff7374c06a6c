// Lines of files of any content, against std::getline.
#include "tools/common/lines.h"

#include "tests/fuzz/fuzzing.h"

#include <sys/mman.h>
#include <unistd.h>

#include <sstream>
#include <string>

namespace {

using namespace hugepage;
using fuzzing::expect;

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
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_lines(grown(fuzzing::text_of(data, size)));
    return 0;
}
