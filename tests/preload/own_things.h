// What a process has that it could leave behind: descriptors, mappings, locks.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

namespace probes {

struct OwnThings {
    int descriptors = 0;
    int mappings = 0;
    int locks = 0;

    friend OwnThings operator-(const OwnThings& a, const OwnThings& b) {
        return {a.descriptors - b.descriptors, a.mappings - b.mappings, a.locks - b.locks};
    }
    friend bool operator==(const OwnThings&, const OwnThings&) = default;
};

inline OwnThings own_things() {
    OwnThings things;
    for (int fd = 0; fd < 1024; ++fd) {  // without opening a folder, which may be refused
        things.descriptors += ::fcntl(fd, F_GETFD) != -1 ? 1 : 0;
    }
#ifndef HUGEPAGE_SHIM_SANITIZED  // whose runtimes map as they like
    std::ifstream maps("/proc/self/maps");
    // Except the shim's tables, which it makes once and keeps, a TiB below the libraries.
    const std::uintptr_t libraries = reinterpret_cast<std::uintptr_t>(&::getpid);
    constexpr std::uintptr_t kTiB = 1UL << 40;
    for (std::string line; std::getline(maps, line);) {
        const std::uintptr_t begin = std::strtoul(line.c_str(), nullptr, 16);
        things.mappings += begin < libraries - kTiB / 2 && begin > libraries - kTiB * 3 / 2 ? 0 : 1;
    }
#endif
    std::ifstream locks("/proc/locks");
    const std::string own = " " + std::to_string(::getpid()) + " ";
    for (std::string line; std::getline(locks, line);) {
        things.locks += line.find(own) != std::string::npos ? 1 : 0;
    }
    return things;
}

inline std::string to_text(const OwnThings& things) {
    return std::to_string(things.descriptors) + " descriptors, " + std::to_string(things.mappings) +
           " mappings, " + std::to_string(things.locks) + " locks";
}

}  // namespace probes
