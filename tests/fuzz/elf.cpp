// A program's file, as doctor looks at it: any bytes.
#include "tests/fuzz/fuzzing.h"
#include "tools/pool/program.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto read = [&](std::uint64_t offset, std::span<std::byte> into) -> std::size_t {
        if (offset >= size) {
            return 0;
        }
        const std::size_t length = std::min<std::size_t>(into.size(), size - offset);
        std::copy_n(reinterpret_cast<const std::byte*>(data) + offset, length, into.begin());
        return length;
    };
    const auto file = ctl::read_elf(read);
    if (!file || !file->is_own_kind) {
        return 0;
    }
    fuzzing::expect(file->interpreter.find('\0') == std::string::npos,
                    "an interpreter's path ends at a zero");
    return 0;
}
