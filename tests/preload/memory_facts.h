// What a probe says of its memory.
#pragma once

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace probes {

inline bool is_all(const char* memory, char value, std::size_t bytes) {
    return memory[0] == value && std::memcmp(memory, memory + 1, bytes - 1) == 0;
}

inline bool is_zero(const char* memory, std::size_t bytes) {
    return is_all(memory, 0, bytes);
}

// KernelPageSize and the kind of the mapping that holds the address, from /proc/self/smaps.
inline std::string describe(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    std::string line;
    std::string file = "(none)";
    bool inside = false;
    while (std::getline(maps, line)) {
        unsigned long begin = 0;
        unsigned long end = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
            const auto at = reinterpret_cast<unsigned long>(address);
            inside = begin <= at && at < end;
            const auto slash = line.find('/');
            file = slash == std::string::npos ? "anonymous" : "file";
        } else if (inside && line.rfind("KernelPageSize:", 0) == 0) {
            return file + " " + std::to_string(std::strtol(line.c_str() + 15, nullptr, 10)) + "kB";
        }
    }
    return "unmapped";
}

}  // namespace probes
