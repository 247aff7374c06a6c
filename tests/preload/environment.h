// The environment of a program that is run with the shim preloaded.
#pragma once

#include "tests/support/child_process.h"

#include <string>

namespace tests {

// A sanitized shim needs its runtime loaded first.
inline Environment preloaded(const Environment& more) {
    Environment environment = more;
    std::string library = SHIM_LIBRARY;
    if (const std::string runtime = SANITIZER_RUNTIME; !runtime.empty()) {
        library = runtime + ':' + library;
        environment.try_emplace("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0");
    }
    environment.emplace("LD_PRELOAD", library);
    return environment;
}

}  // namespace tests
