// Takes leases of files by the shim's own rules and gives them back, over and over, until its stdin ends.
// Nobody else leases: a lease that fails was disturbed by somebody who looks.
//
//   leaser BYTES FILE...     prints "leasing" after the first round, and how many leases it took at the end;
//                            1 if any failed
#include "tests/support/lease_of.h"

#include <poll.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    if (argc < 3) {
        return 2;
    }
    const hugepage::ByteSize size{std::strtoull(argv[1], nullptr, 10)};
    unsigned long leases = 0;
    pollfd in{STDIN_FILENO, POLLIN, 0};
    for (bool first = true; ::poll(&in, 1, 0) == 0; first = false) {
        for (int i = 2; i < argc; ++i) {
            void* memory = MAP_FAILED;
            {
                const auto lease = tests::lease_of(argv[i], size);
                if (!lease) {
                    std::printf("failed: %s: %s\n", argv[i], lease.error().why);
                    return 1;
                }
                memory =
                    ::mmap(nullptr, size.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, lease.value().get(), 0);
            }
            if (memory == MAP_FAILED) {
                return 1;
            }
            static_cast<char*>(memory)[size.bytes - 1] = 'x';
            ::munmap(memory, size.bytes);
            ++leases;
        }
        if (first) {
            std::puts("leasing");
            std::fflush(stdout);
        }
    }
    std::printf("leases: %lu\n", leases);
    return 0;
}
