// A program's file, as doctor looks at it: any bytes.
#include "tests/fuzz/fuzzing.h"
#include "tools/pool/program.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const int fd = ::memfd_create("fuzz", MFD_CLOEXEC);
    fuzzing::expect(::ftruncate(fd, 0) == 0 && ::pwrite(fd, data, size, 0) == static_cast<ssize_t>(size),
                    "a file is written");
    const auto file = ctl::read_elf(fd);
    if (!file || !file->is_own_kind) {
        return 0;
    }
    fuzzing::expect(file->interpreter.find('\0') == std::string::npos,
                    "an interpreter's path ends at a zero");
    return 0;
}
