// What the built library shows to the world, and what it needs of it.

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>

namespace tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const bool kSanitized = !std::string(SANITIZER).empty();

std::set<std::string> symbols(const std::string& which) {
    const auto listed = run({"nm", "-D", which, "-P", SHIM_LIBRARY});
    EXPECT_TRUE(listed.ok()) << listed.err;
    std::set<std::string> names;
    std::istringstream lines(listed.out);
    for (std::string line; std::getline(lines, line);) {
        names.insert(line.substr(0, line.find_first_of(" @")));
    }
    return names;
}

TEST(Exports, AreExactlyThoseOfTheMap) {
    std::set<std::string> expected;
    const std::string map = read_file(EXPORTS_MAP);
    const std::string global =
        map.substr(map.find("global:") + 7, map.find("local:") - map.find("global:") - 7);
    const std::regex name("[a-z_0-9]+");
    for (auto it = std::sregex_iterator(global.begin(), global.end(), name); it != std::sregex_iterator();
         ++it) {
        expected.insert(it->str());
    }
    ASSERT_FALSE(expected.empty());
    for (const char* hooked : {"mmap", "munmap", "mremap", "madvise", "mprotect", "mlock", "msync"}) {
        EXPECT_TRUE(expected.contains(hooked)) << hooked;
    }
    EXPECT_EQ(symbols("--defined-only"), expected);
}

TEST(Exports, NeedLibcAlone) {
    if (kSanitized) {
        GTEST_SKIP() << "a sanitizer brings its runtime";
    }
    const auto dynamic = run({"readelf", "-d", "-W", SHIM_LIBRARY});
    std::vector<std::string> needed;
    const std::regex entry("NEEDED.*\\[(.*)\\]");
    for (auto it = std::sregex_iterator(dynamic.out.begin(), dynamic.out.end(), entry);
         it != std::sregex_iterator(); ++it) {
        needed.push_back((*it)[1]);
    }
    EXPECT_THAT(needed, ElementsAre("libc.so.6"));
}

// Whoever calls mmap may be an allocator that holds its own lock: nothing in the library may allocate, on any
// path.
TEST(Exports, UseNothingThatAllocatesThrowsOrIsThreadLocal) {
    if (kSanitized) {
        GTEST_SKIP() << "a sanitizer brings its runtime";
    }
    std::vector<std::string> forbidden;
    const std::regex bad(
        "malloc|calloc|realloc|free|_Zn.*|_Zd.*|__cxa_(throw|allocate.*|begin_catch)|_Unwind.*|__tls_get_"
        "addr|"
        "pthread_create|fopen|opendir|localtime.*|gmtime.*|tzset|strerror|v?s?n?printf|setlocale|open|close|"
        "read|write");
    for (const auto& name : symbols("--undefined-only")) {
        if (std::regex_match(name, bad)) {
            forbidden.push_back(name);
        }
    }
    EXPECT_THAT(forbidden, IsEmpty());
}

// Also none of the calls that are ours to answer: the library would meet itself.
TEST(Exports, CallNoneOfTheFunctionsThatTheyReplace) {
    if (kSanitized) {
        GTEST_SKIP() << "a sanitizer brings its runtime";
    }
    std::set<std::string> both;
    const auto needed = symbols("--undefined-only");
    for (const auto& name : symbols("--defined-only")) {
        if (needed.contains(name)) {
            both.insert(name);
        }
    }
    EXPECT_THAT(both, IsEmpty());
    EXPECT_EQ(run({"readelf", "-l", "-W", SHIM_LIBRARY}).out.find(" TLS "), std::string::npos);
}

TEST(Exports, AreHardened) {
    const auto headers = run({"readelf", "-l", "-d", "-W", SHIM_LIBRARY});
    EXPECT_THAT(headers.out, testing::HasSubstr("GNU_RELRO"));
    EXPECT_THAT(headers.out, testing::HasSubstr("NOW"));
    EXPECT_THAT(headers.out, testing::ContainsRegex("GNU_STACK .* RW "));
}

}  // namespace
}  // namespace tests
