// What bench/calls.cpp measures.
#include "tests/bench/measured.h"

#include <algorithm>
#include <cmath>
#include <regex>

namespace tests {
namespace {

// What the shim stands before, by its own list.
std::vector<std::string> exported() {
    const std::string map = read_file(EXPORTS_MAP);
    const std::regex name(R"((\w+);)");
    std::vector<std::string> names;
    for (std::sregex_iterator i(map.begin(), map.end(), name); i != std::sregex_iterator(); ++i) {
        names.push_back((*i)[1]);
    }
    return names;
}

TEST(CallsMeasured, AreAllThatTheShimStandsBefore) {
    const auto names = exported();
    const Measured measured = measure(CALLS, {}, "^passing/.*/through:");
    EXPECT_THAT(names, testing::Contains("mmap"));
    for (const std::string& name : names) {
        if (name != "__register_atfork") {  // called a few times in a program's life
            expect_measured(measured, "passing/" + name + "/through:shim");
            expect_measured(measured, "passing/" + name + "/through:libc");
        }
    }
    EXPECT_THAT(measured.left_out, testing::IsEmpty());
}

TEST(CallsMeasured, AreOfTheHeapWithoutTheShimAndWithEachVariant) {
    const Measured measured = measure(CALLS, {}, "^passing/.*/preload:");
    for (const std::string name : {"malloc", "calloc", "realloc", "free"}) {
        for (const std::string bytes : {"64", "1048576"}) {
            for (const std::string preload : {"none", "shim", "heap"}) {
                expect_measured(measured, "passing/" + name + "/bytes:" + bytes + "/preload:" + preload);
            }
        }
    }
}

// Of two things that are one. Each ratio is of a round of 20 ms, so with other work on the machine one may be
// off; the middle one of all calls isn't.
TEST(CallsMeasured, TakeAsLongAsThemselves) {
    const Measured measured = measure(CALLS, {}, "^null/");
    std::vector<double> off;
    for (const std::string& name : exported()) {
        const std::string null = "null/" + name + "/through:libc";
        if (measured.values.contains(null)) {
            off.push_back(std::abs(measured.values.at(null + " again") / measured.values.at(null) - 1));
        }
    }
    ASSERT_GT(off.size(), 10U);
    std::ranges::sort(off);
    EXPECT_LT(off[off.size() / 2], 0.05);
}

}  // namespace
}  // namespace tests
