// What is asked for: the arguments of one mmap call.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace hugepage {

struct MapRequest {
    void* address = nullptr;  // a hint, unless the flags make it more
    std::size_t length = 0;   // bytes
    int protection = 0;
    int flags = 0;
    int fd = -1;
    off_t offset = 0;
    bool placed = false;  // just there: at an address that heap.h keeps, and takes back
};

}  // namespace hugepage
