// What the built library shows to the world, and what it needs of it.

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

namespace tests {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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
    std::istringstream entries(global);
    for (std::string name; std::getline(entries >> std::ws, name, ';');) {
        expected.insert(name);
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
    std::istringstream lines(dynamic.out);
    for (std::string line; std::getline(lines, line);) {
        if (line.find("(NEEDED)") != std::string::npos) {
            needed.push_back(line.substr(line.find('[')));
        }
    }
    EXPECT_THAT(needed, ElementsAre("[libc.so.6]"));
}

// Whoever calls mmap may be an allocator that holds its own lock: nothing in the library may allocate, on any
// path.
TEST(Exports, UseNothingThatAllocatesThrowsOrIsThreadLocal) {
    if (kSanitized) {
        GTEST_SKIP() << "a sanitizer brings its runtime";
    }
    std::vector<std::string> forbidden;
    const std::set<std::string> bad{
        "malloc",   "calloc",         "realloc",        "free",     "posix_memalign", "aligned_alloc",
        "memalign", "__tls_get_addr", "pthread_create", "fopen",    "opendir",        "tzset",
        "strerror", "printf",         "fprintf",        "snprintf", "vsnprintf",      "setlocale",
        "open",     "close",          "read",           "write",    "dlsym",          "syscall"};
    const std::vector<std::string> bad_beginnings{
        "_Zn",     "_Zd",       "__cxa_throw", "__cxa_allocate", "__cxa_begin_catch",
        "_Unwind", "localtime", "gmtime",      "__tls"};
    const auto is_bad = [&](const std::string& name) {
        return bad.contains(name) ||
               std::ranges::any_of(bad_beginnings, [&](const auto& text) { return name.starts_with(text); });
    };
    for (const auto& name : symbols("--undefined-only")) {
        if (is_bad(name)) {
            forbidden.push_back(name);
        }
    }
    EXPECT_THAT(forbidden, IsEmpty());
}

// Names that the oldest C library served has, glibc 2.17, and musl too: where one is missing no program
// starts.
#ifdef HEAP_LIBRARY  // with a sanitizer there is none, but the sanitizer's runtime
TEST(Exports, NeedOnlyNamesThatAnyLibcHas) {
    const std::set<std::string> in_both{"__environ",
                                        "__errno_location",
                                        "__stack_chk_fail",
                                        "bcmp",
                                        "dl_iterate_phdr",
                                        "environ",
                                        "fnmatch",
                                        "getauxval",
                                        "memchr",
                                        "memcmp",
                                        "memcpy",
                                        "memmove",
                                        "memset",
                                        "pthread_self",
                                        "pthread_atfork",
                                        "pthread_mutex_lock",
                                        "strlen",
                                        "strcmp",
                                        "pthread_mutex_unlock",
                                        "pthread_setcanceltype"};
    for (const char* library : {SHIM_LIBRARY, HEAP_LIBRARY}) {
        std::istringstream lines(run({"nm", "-D", "--undefined-only", library}).out);
        int seen = 0;
        for (std::string kind, name; lines >> kind >> name; ++seen) {
            const auto at = name.find('@');
            EXPECT_TRUE(kind == "w" || in_both.contains(name.substr(0, at))) << library << ": " << name;
            int minor = 0;
            const bool is_versioned = at != name.npos && name.compare(at, 8, "@GLIBC_2") == 0;
            EXPECT_TRUE(!is_versioned ||
                        (std::sscanf(name.c_str() + at, "@GLIBC_2.%d", &minor) == 1 && minor <= 17))
                << library << ": " << name;
        }
        EXPECT_GT(seen, 5);
    }
}
#endif

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

// Nor is there a relocation for which the loader, or the first call, would need thread-local storage.
TEST(Exports, HaveNoThreadLocalRelocations) {
    if (kSanitized) {
        GTEST_SKIP() << "a sanitizer brings its runtime";
    }
    const auto relocations = run({"readelf", "-r", "-W", SHIM_LIBRARY});
    EXPECT_THAT(relocations.out, testing::HasSubstr("R_"));
    for (const char* kind : {"DTPMOD", "TLSDESC", "TPOFF", "TPREL"}) {
        EXPECT_THAT(relocations.out, testing::Not(testing::HasSubstr(kind)));
    }
}

// No lazy binding, which would come on a request.
TEST(Exports, AreBoundAtLoad) {
    const auto headers = run({"readelf", "-l", "-d", "-W", SHIM_LIBRARY});
    EXPECT_THAT(headers.out, testing::HasSubstr("GNU_RELRO"));
    EXPECT_THAT(headers.out, testing::HasSubstr("NOW"));
    EXPECT_THAT(headers.out, testing::ContainsRegex("GNU_STACK .* RW "));
}

// What every child of the sealer pays for: mappings, page faults, and names to be looked for.
TEST(Exports, AreCheapToLoad) {
#ifndef NDEBUG
    GTEST_SKIP() << "unoptimized code is larger";
#endif
    if (kSanitized) {
        GTEST_SKIP() << "sanitized code is larger";
    }
    const auto headers = run({"readelf", "-l", "-W", SHIM_LIBRARY});
    struct Segment {
        unsigned long address, in_memory;
    };
    std::vector<Segment> segments;
    std::istringstream lines(headers.out);
    for (std::string line; std::getline(lines, line);) {
        Segment segment{};
        if (std::sscanf(line.c_str(), " LOAD %*x %lx %*x %*x %lx", &segment.address, &segment.in_memory) ==
            2) {
            segments.push_back(segment);
        }
    }
    ASSERT_EQ(segments.size(), 2U) << headers.out;
#ifdef __clang__
    constexpr unsigned long kMost = 96U << 10;
    constexpr std::size_t kMostNames = 24;
#else
    constexpr unsigned long kMost = 64U << 10;  // as much as the kernel maps at the first page fault
    constexpr std::size_t kMostNames = 21;
#endif
    // Code and constants; after these come the unwind tables, which nobody reads at the start.
    const auto sections = run({"readelf", "-S", "-W", SHIM_LIBRARY}).out;
    unsigned long unwind_tables = 0;
    const auto at = sections.find(".eh_frame_hdr");
    ASSERT_NE(at, std::string::npos);
    ASSERT_EQ(std::sscanf(sections.c_str() + at, ".eh_frame_hdr PROGBITS %lx", &unwind_tables), 1);
    EXPECT_LE(unwind_tables, kMost);
    EXPECT_LE(segments[1].address % 4096 + segments[1].in_memory, 2 * 4096U)
        << "what is written to is two pages, one of them before it is made read-only, and no mapping of its "
           "own";
    EXPECT_LE(symbols("--undefined-only").size(), kMostNames);
}

}  // namespace
}  // namespace tests
