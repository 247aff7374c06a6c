#include "shim/base/mutex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace hugepage {
namespace {

int own_number() {
    return static_cast<int>(sys::call(SYS_gettid));
}

TEST(Mutex, IsTakenOverFromAThreadThatIsGoneByOneOfThoseThatWait) {
    Mutex mutex;
    std::thread([&] { mutex.lock_or_take_over(own_number()); }).join();
    std::atomic<int> holders{0};
    std::atomic<int> most{0};
    std::vector<std::thread> waiting;
    for (int i = 0; i < 64; ++i) {
        waiting.emplace_back([&] {
            const Held held(mutex, own_number());
            const int now = ++holders;
            most = std::max(most.load(), now);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            --holders;
        });
    }
    for (auto& thread : waiting) {
        thread.join();
    }
    EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace hugepage
