// What malloc and related calls give a program with the heap variant preloaded.

#include "tests/preload/preloaded.h"

#include <algorithm>

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class Heap : public PoolTest {
  protected:
    // The library, alone or with others before or after it.
    [[nodiscard]] Environment preloading(const std::string& libraries, const Environment& more = {}) const {
        Environment environment = more;
        environment.try_emplace("HUGEPAGE_FILES_PATH", pool_.path().string());
        environment.try_emplace("HUGEPAGE_LOG", "warn");
        environment.emplace("LD_PRELOAD", libraries);
        return environment;
    }
    [[nodiscard]] Outcome allocate(const std::string& scenario, const Environment& more = {},
                                   const std::string& libraries = HEAP_LIBRARY,
                                   const std::string& argument = "") const {
        return run({HEAP_PROBE, scenario, bytes(kFileBytes), argument}, preloading(libraries, more));
    }
    void expect_all_free() const {
        for (const auto& file : files_) {
            EXPECT_FALSE(is_leased(file)) << file;
        }
    }
    void add_files(int count) {
        for (int i = 0; i < count; ++i) {
            files_.push_back(pool_.add("file" + std::to_string(i), kFileBytes));
        }
    }

    // The C library maps what is larger than 32 MiB.
    static constexpr std::uint64_t kLarge = 40UL << 20;
    std::vector<std::filesystem::path> files_;
};

INSTANTIATE_TEST_SUITE_P(, Heap, testing::Values(kTmpfs, kHuge2M), name_of_kind);

const std::vector<std::string> kNames = {"malloc",       "calloc",         "calloc of parts", "realloc",
                                         "reallocarray", "posix_memalign", "aligned_alloc",   "memalign"};

std::string of_each_name(const std::string& facts) {
    std::string text;
    for (const auto& name : kNames) {
        text.append(name).append(": ").append(facts).append("\n");
    }
    return text;
}

TEST_P(Heap, ServesEachOfMallocsKinWithAWholeZeroedFile) {
    add_files(1);
    EXPECT_EQ(allocate("names").out, of_each_name(served() + ", zero, usable: 1, freed: unmapped"));
    expect_all_free();
}

TEST_P(Heap, GivesZeroesWhereMappedMemoryIsLeftAsItWas) {
    add_files(1);
    EXPECT_EQ(allocate("names", {{"HUGEPAGE_ZERO", "never"}}).out,
              of_each_name(served() + ", zero, usable: 1, freed: unmapped"));
    EXPECT_THAT(
        run({PROBE, "map", bytes(kFileBytes)}, preloading(HEAP_LIBRARY, {{"HUGEPAGE_ZERO", "never"}})).out,
        HasSubstr("fresh: dirty"));
}

TEST_P(Heap, IsNoneOfTheOtherVariantsBusiness) {
    add_files(1);
    const auto outcome = allocate("names", {}, SHIM_LIBRARY);
    EXPECT_TRUE(outcome.ok()) << outcome.err;
    EXPECT_THAT(outcome.out, Not(HasSubstr(served())));
}

TEST_P(Heap, WorksBesideTheOtherVariant) {
    add_files(1);
    const std::string expected = of_each_name(served() + ", zero, usable: 1, freed: unmapped");
    EXPECT_EQ(allocate("names", {}, HEAP_LIBRARY ":" SHIM_LIBRARY).out, expected);
    EXPECT_EQ(allocate("names", {}, SHIM_LIBRARY ":" HEAP_LIBRARY).out, expected);
}

TEST_P(Heap, ServesMmapToo) {
    add_files(1);
    const auto outcome = run({PROBE, "map", bytes(kFileBytes)}, preloading(HEAP_LIBRARY));
    EXPECT_EQ(outcome.out, "memory: " + served() + "\nfresh: zero\nunmap: 0\nafter: unmapped\n");
}

TEST_P(Heap, PassesOnOtherSizesAndWhatNoAllocatorAccepts) {
    add_files(1);
    const auto outcome = allocate("sizes");
    EXPECT_EQ(
        outcome.out,
        "a byte more: " + kOrdinary + "\na byte less: " + kOrdinary +
            "\ntoo many: none\n"
            "that many by overflow: none\ntoo many for reallocarray: none\nalignment 3: none\nalignment 4: "
            "none\nalignment 1 GiB: 1\n"
            "usable of null: 0\n")
        << outcome.err;
    expect_all_free();
}

TEST_P(Heap, KeepsTheContentWhereverReallocPutsIt) {
    add_files(1);
    const auto outcome = allocate("resize");
    EXPECT_EQ(outcome.out, "from little: " + served() +
                               ", kept: 1\nthe same: 1\nmore than half: 1, usable: 1\n"
                               "a byte more: " +
                               kOrdinary + ", kept: 1\nand back: " + served() +
                               ", kept: 1\nreallocarray twice: " + kOrdinary +
                               ", kept: 1\nand back: " + served() + ", kept: 1\nhalf: " + kOrdinary +
                               ", kept: 1\nto nothing: 1\nthen: unmapped\n")
        << outcome.err;
    expect_all_free();
}

TEST_P(Heap, FreesWhereTheSizeIsToldToo) {
    add_files(1);
    const std::string facts = ": " + served() + ", freed: unmapped\n";
    EXPECT_EQ(allocate("sized").out, "free_sized" + facts + "free_aligned_sized" + facts);
    EXPECT_TRUE(allocate("sized", {}, COUNTING_ALLOCATOR ":" HEAP_LIBRARY).ok());
}

TEST_P(Heap, LeavesErrnoAsItWas) {
    add_files(1);
    EXPECT_EQ(allocate("errno").out, "malloc: 1\nrealloc: 1\nfree: 1\n");
}

TEST_P(Heap, FallsBackToTheNextAllocatorAndSaysSo) {
    add_files(1);
    const auto outcome = allocate("names", {{"HUGEPAGE_NODE", "1"}});
    EXPECT_THAT(outcome.out, Not(HasSubstr("file")));
    EXPECT_THAT(outcome.err, HasSubstr("falling back. memory_size: 8388608; numa: 1; "
                                       "reason: no_file_for_size"));
}

TEST_P(Heap, GivesNoMemoryWhereAFileIsRequiredAndNoneIsFree) {
    add_files(1);
    EXPECT_EQ(allocate("failing", {{"HUGEPAGE_MODE", "require"}, {"HUGEPAGE_NODE", "1"}}).out,
              "malloc: 1 1\ncalloc: 1 1\nrealloc: 1 1\nits old memory: 1\nposix_memalign: 1 1\n");
}

// For more than 64 GiB there is no place.
TEST_P(Heap, GivesNoMemoryWhereAFileIsRequiredAndThereAreNoAddresses) {
    constexpr std::uint64_t kTooLarge = 65UL << 30;
    pool_.add_sparse("too-large", kTooLarge);
    const auto outcome = run({HEAP_PROBE, "failing", bytes(kTooLarge)},
                             preloading(HEAP_LIBRARY, {{"HUGEPAGE_MODE", "require"}}));
    EXPECT_EQ(outcome.out,
              "malloc: 1 1\ncalloc: 1 1\nrealloc: 1 1\nits old memory: 1\nposix_memalign: 1 1\n");
    EXPECT_THAT(outcome.err, HasSubstr("reason: no_addresses; raise the limit of address space"));
}

TEST_P(Heap, TakesNoMoreAddressesThanItsMemoryHas) {
    if (kSanitized) {
        GTEST_SKIP() << "a sanitizer's runtime needs more address space";
    }
    add_files(1);
    const std::string script =
        std::string("ulimit -v 1000000 && exec ") + HEAP_PROBE + " begin " + bytes(kFileBytes);
    const auto outcome = run({"sh", "-c", script}, preloading(HEAP_LIBRARY, {{"HUGEPAGE_MODE", "require"}}));
    EXPECT_THAT(outcome.out, testing::StartsWith("0 past a page; ")) << outcome.err;
}

TEST_P(Heap, LetsAChildFreeAndResizeWhatItsParentAllocated) {
    add_files(2);
    const std::string parent = "\nparent: " + served() + ", kept: 1\n";
    for (const char* mode : {"share", "none"}) {
        EXPECT_EQ(allocate("fork", {{"HUGEPAGE_FORK", mode}}).out, "child: 0" + parent) << mode;
    }
    EXPECT_EQ(allocate("grown", {{"HUGEPAGE_FORK", "share"}}).out, "child: 1" + parent);
    EXPECT_EQ(allocate("grown").out, "child: 0" + parent);
    expect_all_free();
}

TEST_P(Heap, LetsAChildFreeAndResizeWhatNoFileServed) {
    pool_.add("large", kLarge);
    for (const auto* scenario : {"fork", "grown"}) {
        EXPECT_EQ(
            run({HEAP_PROBE, scenario, bytes(kLarge)}, preloading(HEAP_LIBRARY, {{"HUGEPAGE_NODE", "1"}}))
                .out,
            std::string("child: ") + (scenario == std::string("grown") ? "1" : "0") +
                "\nparent: " + kOrdinary + ", kept: 1\n");
    }
}

// What the C library would map 16 bytes past a page, so that half of all labels lay across two cache lines.
TEST_P(Heap, FallsBackToMemoryThatBeginsAPage) {
    pool_.add("large", kLarge);
    const auto in = [&](const Environment& more) {
        return run({HEAP_PROBE, "begin", bytes(kLarge)}, preloading(HEAP_LIBRARY, more)).out;
    };
    EXPECT_EQ(in({{"HUGEPAGE_NODE", "1"}}), "0 past a page; advised to be huge\n");
    EXPECT_EQ(in({{"HUGEPAGE_NODE", "1"}, {"HUGEPAGE_FALLBACK", "plain"}}),
              in({{"HUGEPAGE_FILES_PATH", ""}}));
}

// A file on tmpfs can have any size, and what asks for as much gets no file.
class HeapOnTmpfs : public Heap {};
INSTANTIATE_TEST_SUITE_P(, HeapOnTmpfs, testing::Values(kTmpfs), name_of_kind);
TEST_P(HeapOnTmpfs, KeepsAccountOfASizeThatIsNoWholePages) {
    pool_.add("odd", kLarge + 1);
    EXPECT_THAT(run({HEAP_PROBE, "resize", bytes(kLarge + 1)}, preloading(HEAP_LIBRARY)).out,
                HasSubstr("the same: 1\nmore than half: 1, usable: 1\n"));
}

TEST_P(Heap, LeavesToAnotherAllocatorWhatThatMappedItself) {
    for (int i = 0; i < 8; ++i) {
        pool_.add("arena" + std::to_string(i), kFileBytes / 2);  // the size that it maps
    }
    const std::string expected = "block: " + served() + "\nfreed by its own: 1\nblock: " + served() + "\n";
    EXPECT_EQ(allocate("mapped", {}, HEAP_LIBRARY ":" COUNTING_ALLOCATOR).out, expected);
    EXPECT_EQ(allocate("mapped", {}, COUNTING_ALLOCATOR ":" HEAP_LIBRARY).out, expected);
}

TEST_P(Heap, ServesBeforeAnotherAllocator) {
    add_files(1);
    const auto outcome = allocate("resize", {}, HEAP_LIBRARY ":" COUNTING_ALLOCATOR);
    EXPECT_THAT(outcome.out, HasSubstr("from little: " + served() + ", kept: 1\nthe same: 1\n"));
    EXPECT_THAT(outcome.out, HasSubstr("to nothing: 1\n")) << outcome.err;
}

TEST_P(Heap, GivesEachOfManyThreadsMemoryOfItsOwn) {
    add_files(3);
    const auto outcome = allocate("threads", {{"HUGEPAGE_LOG", "info"}}, HEAP_LIBRARY, "8");
    EXPECT_EQ(outcome.out, "faults: 0\n");
    EXPECT_THAT(outcome.err, HasSubstr("leased memory file"));
    expect_all_free();
}

TEST_P(Heap, HoldsTheBuffersOfTheSingleCorePath) {
    add_files(2);
    const auto label = [&](const Environment& environment) {
        return run({PC1_LABEL, "--sector-size", bytes(kFileBytes), "--producers", "0", "--alloc", "calloc",
                    "--layers", "2", "--digest"},
                   environment);
    };
    const auto shim = label(preloading(HEAP_LIBRARY, {{"HUGEPAGE_LOG", "info"}}));
    EXPECT_THAT(shim.err, HasSubstr("leased memory file: " + files_[0].string()));
    EXPECT_THAT(shim.err, HasSubstr("leased memory file: " + files_[1].string()));
    EXPECT_TRUE(shim.ok());
    const auto digests = [](const std::string& out) { return out.substr(out.find("SHA-256 of the layer")); };
    EXPECT_EQ(digests(shim.out), digests(label({}).out));
    expect_all_free();
}

}  // namespace
}  // namespace tests
