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

// What /proc/self/smaps says of the mapping that holds the address.
struct Mapping {
    std::string kind = "unmapped";  // "file" or "anonymous"
    std::string kernel_page_kib;
    std::string flags;  // as VmFlags has them, a blank before and after each
};

inline Mapping mapping_of(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    Mapping mapping;
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        unsigned long begin = 0;
        unsigned long end = 0;
        const auto value = [&] { return line.substr(line.find(':') + 1); };
        if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2) {
            const auto at = reinterpret_cast<unsigned long>(address);
            inside = begin <= at && at < end;
            if (inside) {
                mapping.kind = line.find('/') == std::string::npos ? "anonymous" : "file";
            }
        } else if (inside && line.starts_with("KernelPageSize:")) {
            mapping.kernel_page_kib = std::to_string(std::strtol(value().c_str(), nullptr, 10));
        } else if (inside && line.starts_with("VmFlags:")) {
            mapping.flags = value() + " ";
            return mapping;
        }
    }
    return mapping;
}

inline std::string describe(const void* address) {
    const Mapping mapping = mapping_of(address);
    return mapping.kernel_page_kib.empty() ? mapping.kind
                                           : mapping.kind + " " + mapping.kernel_page_kib + "kB";
}

}  // namespace probes
