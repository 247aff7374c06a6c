// Waits for what another process does and doesn't announce.
#pragma once

#include <chrono>
#include <thread>

namespace tests {

// Asks until it is so; false if it isn't after a minute, far more than a loaded machine needs.
template <class Condition>
[[nodiscard]] bool wait_until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

}  // namespace tests
