// The shim beside another allocator, in both orders of LD_PRELOAD: the first library that has a name is the
// one that is called by it.

#include "tests/clients/clients.h"

#include <ostream>

namespace tests {
namespace {

using testing::Not;

struct Allocator {
    const char* name;
    const char* library;
    const char* package;
};

void PrintTo(const Allocator& allocator, std::ostream* out) {
    *out << allocator.name;
}

class BesideAnAllocator : public Clients, public testing::WithParamInterface<Allocator> {
  protected:
    using Clients::Clients;

    void SetUp() override {
        Clients::SetUp();
        ASSERT_TRUE(std::filesystem::exists(GetParam().library))
            << "needs the package " << GetParam().package
            << ": run scripts/install-packages.sh full, configure and build again";
    }

    [[nodiscard]] Both cpp(const std::string& libraries, const char* way) const {
        SCOPED_TRACE(way);
        return compare(libraries, kCppClient, {way, kBytes});
    }
    [[nodiscard]] Both python(const std::string& libraries, const char* way) const {
        SCOPED_TRACE(way);
        return compare(libraries, kPython, {kSources + "/client.py", way, kBytes});
    }

    const std::string allocator_ = GetParam().library;
};

// Files of sizes that jemalloc and mimalloc themselves ask for.
class MappingsOfAnAllocator : public BesideAnAllocator {
  protected:
    MappingsOfAnAllocator() : BesideAnAllocator({16 * kMiB, 16 * kMiB, 32 * kMiB, 32 * kMiB}) {}
};

const auto kAllocators = testing::Values(Allocator{"jemalloc", JEMALLOC, "libjemalloc2"},
                                         Allocator{"mimalloc", MIMALLOC, "libmimalloc2.0"});
INSTANTIATE_TEST_SUITE_P(, BesideAnAllocator, kAllocators, testing::PrintToStringParamName());
INSTANTIATE_TEST_SUITE_P(, MappingsOfAnAllocator, kAllocators, testing::PrintToStringParamName());

TEST_P(BesideAnAllocator, ServesMappingsAndNoneOfItsMemoryInEitherOrder) {
    for (const auto& libraries : {kShim + ":" + allocator_, allocator_ + ":" + kShim}) {
        expect_served(cpp(libraries, "mmap"));
        expect_served(python(libraries, "private"));
        expect_left_alone(cpp(libraries, "malloc"));
        expect_left_alone(cpp(libraries, "vector"));
        expect_left_alone(python(libraries, "ctypes"));
    }
}

TEST_P(BesideAnAllocator, ServesTheMallocFamilyAsTheHeapVariantInFront) {
    const auto libraries = kHeapShim + ":" + allocator_;
    for (const char* way :
         {"mmap", "malloc", "calloc", "posix_memalign", "aligned_alloc", "realloc", "reallocarray"}) {
        expect_served(cpp(libraries, way));
    }
    expect_served(python(libraries, "ctypes"));
    expect_served(python(libraries, "bytearray"));
}

TEST_P(BesideAnAllocator, LeavesItsOwnOperatorNewAloneAsTheHeapVariantInFront) {
    expect_left_alone(cpp(kHeapShim + ":" + allocator_, "new"));
    expect_left_alone(cpp(kHeapShim + ":" + allocator_, "vector"));
}

TEST_P(BesideAnAllocator, LetsServedMemoryOutgrowItsFileIntoTheAllocators) {
    const auto both = cpp(kHeapShim + ":" + allocator_, "realloc_away");
    EXPECT_EQ(both.preloaded.outcome.err, kNotServed);
    EXPECT_EQ(both.preloaded.leases(), 2U) << both.preloaded.log;
}

TEST_P(BesideAnAllocator, ServesMappingsAloneAsTheHeapVariantBehind) {
    const auto libraries = allocator_ + ":" + kHeapShim;
    expect_served(cpp(libraries, "mmap"));
    for (const char* way : {"malloc", "posix_memalign", "realloc", "reallocarray", "new"}) {
        expect_left_alone(cpp(libraries, way));
    }
    expect_left_alone(python(libraries, "ctypes"));
}

TEST_P(MappingsOfAnAllocator, AreServedWithAllTheSmallBlocksInThem) {
    for (const auto& libraries :
         {kShim + ":" + allocator_, kHeapShim + ":" + allocator_, allocator_ + ":" + kHeapShim}) {
        const auto both = compare(libraries, kCppClient, {"small_blocks", std::to_string(256 * kMiB)});
        EXPECT_EQ(both.plain.outcome.err, "taken 0\n");
        EXPECT_THAT(both.preloaded.outcome.err, Not("taken 0\n"));
        EXPECT_GT(both.preloaded.leases(), 0U);
    }
}

}  // namespace
}  // namespace tests
