// A large buffer as each language asks for it: served where it reaches mmap or, with the heap variant, malloc
// and related calls by that very size.

#include "tests/clients/clients.h"

#include <unistd.h>

#include <cerrno>

namespace tests {
namespace {

const Tool kRustClient{RUST_CLIENT, "cargo, librust-memmap2-dev or librust-libc-dev"};
const Tool kGoClient{GO_CLIENT, "golang-go"};
const Tool kNode{NODE, "nodejs"};

// --- Python
class Python : public Clients {
  protected:
    [[nodiscard]] Both compare_way(const std::string& libraries, const std::string& way) const {
        return compare(libraries, kPython, {kSources + "/client.py", way, kBytes});
    }
};

TEST_F(Python, IsServedSharedAndPrivateMappings) {
    for (const auto& library : {kShim, kHeapShim}) {
        expect_served(compare_way(library, "shared"));
        expect_served(compare_way(library, "private"));
    }
}

TEST_F(Python, IsServedBuffersFromTheHeapByTheHeapVariant) {
    expect_served(compare_way(kHeapShim, "ctypes"));
    expect_served(compare_way(kHeapShim, "bytearray"));
}

TEST_F(Python, IsNotServedBuffersFromTheHeapByTheShimProper) {
    expect_left_alone(compare_way(kShim, "ctypes"));
}

TEST_F(Python, AsksForOneByteMoreForAWholeByteArrayWhichNoFileHas) {
    expect_left_alone(compare_way(kHeapShim, "whole_bytearray"));
}

// --- Rust
class RustSealer : public Clients {
  protected:
    void SetUp() override {
        Clients::SetUp();
        if (IsSkipped() || kRustClient.path.empty()) {
            return;
        }
        // Where any user can read them, and files that are this user's.
        std::filesystem::permissions(pool_.path(), std::filesystem::perms(0755));
        std::filesystem::copy(kShim, readable(kShim));
        std::filesystem::copy(kHeapShim, readable(kHeapShim));
        std::filesystem::copy(kRustClient.path, dir_.path() / "client");
        for (const auto& file : files_) {
            ASSERT_EQ(::chown(file.c_str(), kUser, kUser), 0);
        }
    }
    [[nodiscard]] std::filesystem::path readable(const std::filesystem::path& library) const {
        return dir_.path() / library.filename();
    }
    [[nodiscard]] Both compare_sealer(const std::string& library, const std::string& memlock) const {
        if (kRustClient.path.empty()) {
            return compare("", kRustClient, {});
        }
        const std::string user = std::to_string(kUser);
        return compare(readable(library).string(), {SETPRIV, "util-linux"},
                       {"--reuid=" + user, "--regid=" + user, "--clear-groups", PRLIMIT,
                        "--memlock=" + memlock, (dir_.path() / "client").string(), "sealer", kBytes});
    }

    static constexpr uid_t kUser = 65534;
};

const std::string kGranted = "mapped 1\nlocked\ntaken 1\nreleased 0\n";

std::string refused(int error) {
    return "mapped 0\nnot locked: " + std::to_string(error) +
           "\ndropped 0\nmapped again 0\ntaken 0\nreleased 0\n";
}

std::string twice(const std::string& text) {
    return text + text;
}

TEST_F(RustSealer, LocksItsBufferUnderALimitOf64KiBWhereItElseMapsAgain) {
    for (const auto& library : {kShim, kHeapShim}) {
        const auto both = compare_sealer(library, "65536");
        EXPECT_EQ(both.plain.outcome.err, twice(refused(ENOMEM)));
        EXPECT_EQ(both.preloaded.outcome.err, twice(kGranted));
        EXPECT_EQ(both.preloaded.leases(), 2U) << both.preloaded.log;
    }
}

TEST_F(RustSealer, LocksItsBufferUnderALimitOfZeroWhereItElseMapsAgain) {
    for (const auto& library : {kShim, kHeapShim}) {
        const auto both = compare_sealer(library, "0");
        EXPECT_EQ(both.plain.outcome.err, twice(refused(EPERM)));
        EXPECT_EQ(both.preloaded.outcome.err, twice(kGranted));
        EXPECT_EQ(both.preloaded.leases(), 2U) << both.preloaded.log;
    }
}

TEST_F(RustSealer, MapsAgainAsEverWhenTheFilesAreSomebodyElses) {
    for (const auto& file : files_) {
        ASSERT_EQ(::chown(file.c_str(), 1, 1), 0);
    }
    const auto both = compare_sealer(kShim, "65536");
    EXPECT_EQ(both.preloaded.outcome.err, both.plain.outcome.err);
    EXPECT_EQ(both.preloaded.leases(), 0U);
    EXPECT_EQ(both.preloaded.fallbacks(), 4U) << both.preloaded.log;
}

class Rust : public Clients {};

TEST_F(Rust, IsServedAZeroedVectorByTheHeapVariant) {
    expect_served(compare(kHeapShim, kRustClient, {"vector", kBytes}));
    expect_left_alone(compare(kShim, kRustClient, {"vector", kBytes}));
}

// --- Go
class Go : public Clients {};

TEST_F(Go, IsServedAMappingThroughCgoWhileItsOwnRuntimeIsLeftAlone) {
    expect_served(compare(kShim, kGoClient, {kBytes}, {{"GOGC", "10"}}));
    expect_served(compare(kHeapShim, kGoClient, {kBytes}, {{"GOGC", "10"}}));
}

// --- Node.js
class Node : public Clients {};

TEST_F(Node, IsLeftAloneByTheShimProper) {
    const auto both = compare(kShim, kNode, {kSources + "/client.js", kBytes});
    EXPECT_EQ(both.preloaded.outcome.err, "taken 0\n");
}

TEST_F(Node, IsServedItsBuffersAndThoseOfItsWorkersByTheHeapVariant) {
    const auto both = compare(kHeapShim, kNode, {kSources + "/client.js", kBytes});
    EXPECT_EQ(both.plain.outcome.err, "taken 0\n");
    EXPECT_EQ(both.preloaded.outcome.err, "taken 1\n");
    EXPECT_EQ(both.preloaded.leases() + both.preloaded.fallbacks(), 4U) << both.preloaded.log;
}

// --- C++
class Cpp : public Clients, public testing::WithParamInterface<const char*> {};

std::string name_of_way(const testing::TestParamInfo<const char*>& way) {
    return way.param;
}

INSTANTIATE_TEST_SUITE_P(, Cpp,
                         testing::Values("malloc", "calloc", "posix_memalign", "aligned_alloc", "realloc",
                                         "reallocarray", "new", "vector"),
                         name_of_way);

TEST_P(Cpp, IsServedByTheHeapVariantAlone) {
    expect_served(compare(kHeapShim, kCppClient, {GetParam(), kBytes}));
    expect_left_alone(compare(kShim, kCppClient, {GetParam(), kBytes}));
}

class CppMapping : public Clients {};

TEST_F(CppMapping, IsServedByBothLibraries) {
    expect_served(compare(kShim, kCppClient, {"mmap", kBytes}));
    expect_served(compare(kHeapShim, kCppClient, {"mmap", kBytes}));
}

TEST_F(CppMapping, OutgrowsAFileWithItsContent) {
    const auto both = compare(kHeapShim, kCppClient, {"realloc_away", kBytes});
    EXPECT_EQ(both.preloaded.outcome.err, kNotServed);
    EXPECT_EQ(both.preloaded.leases(), 2U) << both.preloaded.log;
}

}  // namespace
}  // namespace tests
