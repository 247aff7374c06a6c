// What bench/calls.cpp measures.
#include "tests/bench/measured.h"

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
        expect_measured(measured, "passing/" + name + "/through:shim");
        expect_measured(measured, "passing/" + name + "/through:libc");
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

// To show how far a call differs from itself.
TEST(CallsMeasured, AreEachMeasuredTwiceWithoutTheShim) {
    const Measured measured = measure(CALLS, {}, "^null/");
    for (const std::string& name : exported()) {
        expect_measured(measured, "null/" + name + "/through:libc");
        expect_measured(measured, "null/" + name + "/through:libc again");
    }
}

}  // namespace
}  // namespace tests
