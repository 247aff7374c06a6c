// The environment of a program that is run with the shim preloaded.
#pragma once

#include "tests/support/child_process.h"

#include <string>
#include <string_view>

namespace tests {

// A sanitized shim needs its runtime loaded first.
inline Environment preloaded(const Environment& more) {
    Environment environment = more;
    std::string library = SHIM_LIBRARY;
    const std::string_view sanitizer = SANITIZER;
    if (sanitizer.find("address") != std::string_view::npos) {
        library = "libasan.so.8:" + library;
        environment.try_emplace("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0");
    } else if (sanitizer.find("thread") != std::string_view::npos) {
        library = "libtsan.so.2:" + library;
    }
    environment.emplace("LD_PRELOAD", library);
    return environment;
}

}  // namespace tests
