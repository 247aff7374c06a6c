// The program that users run, served: filecoin-proofs seals a sector of 8 MiB, pre-commit 1 (the labels) and
// pre-commit 2 (the trees), and prints the same commitments and layers as without the shim
// (tests/sealer/prepare.sh).

#include "tests/support/child_process.h"
#include "tests/support/pool_fixture.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sys/prctl.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <numeric>
#include <ostream>
#include <set>
#include <vector>

namespace tests {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Ne;
using testing::Not;
using testing::SizeIs;

constexpr std::uint64_t kSector = 8UL << 20;
constexpr PageKind kEightSectors{"Huge2M", 2UL << 20, 8 * kSector};

constexpr const char* kLeased = "leased memory file: ";

const std::filesystem::path kPrepared = PREPARED;

std::string what_is_missing() {
    return exists(kPrepared / "expected")
               ? ""
               : "the sealer isn't built; scripts/build-sealer.sh native does it in some minutes. ";
}

// One of the library's two ways to label.
struct Way {
    const char* name;
    const char* multicore;  // FIL_PROOFS_USE_MULTICORE_SDR
    const char* library;
    // At this sector's size the heap variant serves more than the two buffers: pre-commit 2 builds its trees
    // in blocks of 8 MiB.
    bool serves_trees;
};
// Its default: the buffers come from calloc.
constexpr Way kSingleCore{"SingleCore", "0", HEAP_LIBRARY, true};
// They come from mmap, and are locked.
constexpr Way kMulticore{"Multicore", "1", SHIM_LIBRARY, false};

// How gtest shows it.
void PrintTo(const Way& way, std::ostream* out) {
    *out << way.name;
}

class Sealer : public testing::TestWithParam<Way> {
  protected:
    void SetUp() override {
        if (const std::string missing = what_is_missing() + pool_.missing(); !missing.empty()) {
            GTEST_SKIP() << missing;
        }
    }

    void add_files(int count) {
        for (int i = 0; i < count; ++i) {
            files_.push_back(pool_.add(std::to_string(i), kSector));
        }
    }

    [[nodiscard]] Environment environment(Environment more = {}) const {
        more.insert({{"FIL_PROOFS_PARENT_CACHE", kPrepared / "parents"},
                     {"FIL_PROOFS_USE_MULTICORE_SDR", GetParam().multicore},
                     {"FIL_PROOFS_MULTICORE_SDR_PRODUCERS", "1"},
                     {"HUGEPAGE_FILES_PATH", pool_.path()},
                     {"LD_PRELOAD", GetParam().library}});
        return more;
    }
    // The sealer stops when it has computed that layer, just before the layer's file gets its name.
    [[nodiscard]] Environment stopping_before(int layer, Environment more = {}) const {
        more.insert({{"STOP_BEFORE_LAYER", std::to_string(layer)},
                     {"LD_PRELOAD", std::string(GetParam().library) + ":" + STOP_BEFORE_LAYER}});
        return environment(more);
    }
    // Pre-commit 2 takes ten times as long, and reads the layers from disk: of the buffers it tells no more
    // than they do.
    enum class Phases { kFirst, kBoth };
    static std::vector<std::string> seal_into(const TempDir& folder, Phases phases = Phases::kFirst) {
        std::vector<std::string> command = {kPrepared / "seal", "8MiB", folder.path()};
        if (phases == Phases::kFirst) {
            command.emplace_back("--phase1");
        }
        return command;
    }
    static std::string expected(Phases phases = Phases::kFirst) {
        const std::string all = read_file(kPrepared / "expected");
        return phases == Phases::kBoth ? all : all.substr(0, all.find("comm_r"));
    }

    static void expect_sealed(const Outcome& outcome, Phases phases = Phases::kFirst) {
        EXPECT_TRUE(outcome.ok()) << outcome.err << " signal " << outcome.signal;
        EXPECT_EQ(outcome.out, expected(phases)) << outcome.err;
    }
    // Seals in a folder of its own, with so many of the two buffers served, and prints what it is to print.
    Outcome expect_the_same(Phases phases, std::size_t served, const Environment& more = {},
                            std::vector<std::string> command = {}) const {
        const TempDir folder;
        const auto seal = seal_into(folder, phases);
        command.insert(command.end(), seal.begin(), seal.end());
        ChildProcess sealer(command, stopping_before(1, more));
        EXPECT_TRUE(sealer.wait_until_stopped());
        EXPECT_THAT(mapped_by(sealer), SizeIs(served));
        sealer.kill(SIGCONT);
        auto outcome = sealer.wait();
        expect_sealed(outcome, phases);
        expect_all_free();
        return outcome;
    }
    void expect_all_free() const {
        for (const auto& file : files_) {
            EXPECT_FALSE(is_leased(file)) << file;
        }
    }

    static std::filesystem::path layer_1(const TempDir& folder) {
        return folder.path() / "cache" / "sc-02-data-layer-1";
    }

    [[nodiscard]] std::vector<std::string> mapped_by(const ChildProcess& sealer) const {
        return sealer.mapped_files(pool_.path());
    }

    Pool pool_{kEightSectors};
    std::vector<std::filesystem::path> files_;
};
INSTANTIATE_TEST_SUITE_P(, Sealer, testing::Values(kSingleCore, kMulticore),
                         [](const testing::TestParamInfo<Way>& way) { return std::string(way.param.name); });

// When layer 1 is computed, one holds it, and the other is as it was handed out.
TEST_P(Sealer, HasItsTwoBuffersOnHugePagesAndZeroed) {
    add_files(2);
    const TempDir folder;
    ChildProcess sealer(seal_into(folder), stopping_before(1));
    ASSERT_TRUE(sealer.wait_until_stopped()) << sealer.wait().err;
    const auto buffers = mapped_by(sealer);
    EXPECT_THAT(buffers, SizeIs(2));
    EXPECT_THAT(buffers, Each(HasSubstr(" N0=4 kernelpagesize_kB=2048")));
    std::vector<std::string> contents{read_file(files_[0]), read_file(files_[1])};
    std::ranges::sort(contents);
    EXPECT_TRUE(contents[0] == std::string(kSector, '\0')) << "the second buffer isn't zero";
    EXPECT_TRUE(contents[1] == read_file(layer_1(folder) += "..tmp")) << "the first buffer isn't layer 1";
    sealer.kill(SIGCONT);
    expect_sealed(sealer.wait());
    expect_all_free();
}

TEST_P(Sealer, SealsInBothPhasesWhenEveryRequestIsServed) {
    add_files(8);
    EXPECT_THAT(expect_the_same(Phases::kBoth, 2, {{"HUGEPAGE_MODE", "require"}}).err,
                Not(HasSubstr("falling back")));
}

TEST_P(Sealer, FallsBackWhereThereAreTooFewFiles) {
    add_files(1);
    EXPECT_THAT(expect_the_same(Phases::kFirst, 1).err, HasSubstr("reason: all_leased"));
}

TEST_P(Sealer, EndsWithAnErrorWhereFilesAreRequiredAndThereAreTooFew) {
    add_files(1);
    const TempDir folder;
    const auto outcome = run(seal_into(folder), environment({{"HUGEPAGE_MODE", "require"}}));
    EXPECT_FALSE(outcome.ok());
    EXPECT_THAT(outcome.signal, AllOf(Ne(SIGSEGV), Ne(SIGBUS))) << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, HasSubstr("reason: all_leased"));
    expect_all_free();
}

TEST_P(Sealer, NeedsNoZeroesWhereItMapsItself) {
    add_files(2);
    expect_the_same(Phases::kFirst, 2, {{"HUGEPAGE_MODE", "require"}, {"HUGEPAGE_ZERO", "never"}});
}

// Where a buffer that the library maps could not be locked, it would give it back and map another.
TEST_P(Sealer, LocksItsBuffersUnderASmallLimit) {
    add_files(2);
    const std::string said = expect_the_same(Phases::kFirst, 2, {},
                                             {"setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock",
                                              "prlimit", "--memlock=65536"})
                                 .err;
    std::size_t leases = 0;
    for (auto at = said.find(kLeased); at != std::string::npos; at = said.find(kLeased, at + 1)) {
        ++leases;
    }
    if (!GetParam().serves_trees) {
        EXPECT_EQ(leases, 2U) << said;
    }
}

TEST_P(Sealer, SharesNoFileWithAnother) {
    add_files(4);
    const TempDir folders[2];
    ChildProcess first(seal_into(folders[0]), stopping_before(1));
    ASSERT_TRUE(first.wait_until_stopped());
    ChildProcess second(seal_into(folders[1]), stopping_before(1));
    ASSERT_TRUE(second.wait_until_stopped());
    std::set<std::string> files;
    for (const ChildProcess* sealer : {&first, &second}) {
        const auto mapped = mapped_by(*sealer);
        EXPECT_THAT(mapped, SizeIs(2));
        for (const auto& file : mapped) {
            files.insert(file.substr(0, file.find(' ')));
        }
    }
    EXPECT_THAT(files, SizeIs(4));
    for (ChildProcess* sealer : {&first, &second}) {
        sealer->kill(SIGCONT);
    }
    expect_sealed(first.wait());
    expect_sealed(second.wait());
    expect_all_free();
}

TEST_P(Sealer, SealsBesideAnotherThatHasAllFiles) {
    add_files(2);
    const TempDir folder;
    ChildProcess first(seal_into(folder), stopping_before(1));
    ASSERT_TRUE(first.wait_until_stopped());
    EXPECT_THAT(mapped_by(first), SizeIs(2));
    const TempDir other;
    const auto fallen_back = run(seal_into(other), environment());
    expect_sealed(fallen_back);
    EXPECT_THAT(fallen_back.err, HasSubstr("reason: all_leased"));
    first.kill(SIGCONT);
    expect_sealed(first.wait());
    expect_all_free();
}

// At the end of layer 2. A sealer that is started again goes on from the layers on disk, without computing
// them anew.
TEST_P(Sealer, SealsTheSameAfterItWasKilledTwice) {
    add_files(2);
    const TempDir folder;
    std::filesystem::file_time_type written;
    for (int round = 0; round < 2; ++round) {
        ChildProcess sealer(seal_into(folder), stopping_before(2));
        ASSERT_TRUE(sealer.wait_until_stopped());
        EXPECT_THAT(mapped_by(sealer), SizeIs(2));
        const auto found = last_write_time(layer_1(folder) += ".dat");
        EXPECT_TRUE(round == 0 || found == written) << "layer 1 was computed anew";
        written = found;
        sealer.kill(SIGKILL);
        EXPECT_EQ(sealer.wait().signal, SIGKILL);
        expect_all_free();
    }
    expect_sealed(run(seal_into(folder), environment()));
    EXPECT_EQ(last_write_time(layer_1(folder) += ".dat"), written);
    expect_all_free();
}

// The digests of both layers, by the library and by our own program, for a sector and ids that neither has as
// a default.
void expect_the_same_labels(const std::string& size) {
    if (!what_is_missing().empty()) {
        GTEST_SKIP() << what_is_missing();
    }
    const std::string porep_id(64, '5');
    const std::string replica_id(64, '3');
    const auto ours = run({PC1_LABEL, "--sector-size=" + size, "--layers=2", "--porep-id=" + porep_id,
                           "--replica-id=" + replica_id, "--digest", "--json"});
    ASSERT_TRUE(ours.ok()) << ours.err;
    const auto layers = nlohmann::json::parse(ours.out).at("layers");
    ASSERT_THAT(layers, SizeIs(2));
    const TempDir folder;
    for (const std::string multicore : {"0", "1"}) {
        const auto library = run({kPrepared / "label", size, "2", folder.path() / ("layers" + multicore),
                                  "--porep-id", porep_id, "--replica-id", replica_id},
                                 {{"FIL_PROOFS_PARENT_CACHE", folder.path() / "parents"},
                                  {"FIL_PROOFS_USE_MULTICORE_SDR", multicore}});
        ASSERT_TRUE(library.ok()) << library.err;
        for (const std::size_t layer : {0U, 1U}) {
            EXPECT_THAT(library.out, ContainsRegex("layer " + std::to_string(layer + 1) + " [0-9.]+ " +
                                                   layers[layer].at("sha256").get<std::string>() + "\n"));
        }
    }
}

// Of a label of layer 2, in nanoseconds.
using Times = std::vector<double>;

double mean(const Times& times) {
    return std::accumulate(times.begin(), times.end(), 0.0) / static_cast<double>(times.size());
}

// What compare tells is what the library takes, in turns with it.
class LargePrediction : public testing::TestWithParam<std::uint64_t> {
  protected:
    void SetUp() override {
        if (const std::string missing = what_is_missing() + pool_.missing(); !missing.empty()) {
            GTEST_SKIP() << missing;
        }
        // Programs inherit it: ordinary pages are those, whatever the machine's transparent huge pages are
        // for.
        ASSERT_EQ(::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0), 0);
        pool_.add("0", GetParam());
        pool_.add("1", GetParam());
    }
    [[nodiscard]] Environment environment(bool is_served) const {
        Environment variables{{"FIL_PROOFS_PARENT_CACHE", folder_.path() / "parents"}};
        if (is_served) {
            variables.insert({{"HUGEPAGE_FILES_PATH", pool_.path()},
                              {"HUGEPAGE_MODE", "require"},
                              {"LD_PRELOAD", HEAP_LIBRARY}});
        }
        return variables;
    }
    [[nodiscard]] double of_library(bool is_served) const {
        const TempDir layers;
        const auto outcome =
            run({kPrepared / "label", std::to_string(GetParam()), "2", layers.path() / "layers"},
                environment(is_served));
        EXPECT_TRUE(outcome.ok()) << outcome.err;
        const std::string mark = "layer 2 ";
        const auto at = outcome.out.find(mark);
        return at == std::string::npos ? 0
                                       : std::stod(outcome.out.substr(at + mark.size())) * 1e9 /
                                             static_cast<double>(GetParam() / 32);
    }
    [[nodiscard]] double of_ours(bool is_served) const {
        const auto outcome = run({PC1_LABEL, "compare-stretch", std::to_string(GetParam()), "1000000",
                                  "single-core", is_served ? "asis" : "small", "upstream"},
                                 environment(is_served));
        EXPECT_TRUE(outcome.ok()) << outcome.err;
        return nlohmann::json::parse(outcome.out).at("ns");
    }

    Pool pool_{{"Huge2M", 2UL << 20, 2 * GetParam()}};
    TempDir folder_;
};
INSTANTIATE_TEST_SUITE_P(, LargePrediction, testing::Values(512UL << 20, 1UL << 30),
                         [](const testing::TestParamInfo<std::uint64_t>& sector) {
                             return std::to_string(sector.param >> 20) + "MiB";
                         });

TEST_P(LargePrediction, IsNearTheLibrarysTime) {
    constexpr int kRounds = 2;
    constexpr double kNear = 0.15;        // of each time, and how far the two gains may differ
    static_cast<void>(of_library(true));  // makes the file of parents
    Times library[2];
    Times ours[2];
    for (int round = 0; round < kRounds; ++round) {
        for (const bool is_served : {false, true}) {
            library[is_served ? 1 : 0].push_back(of_library(is_served));
            ours[is_served ? 1 : 0].push_back(of_ours(is_served));
        }
    }
    for (int served = 0; served < 2; ++served) {
        std::cout << (served != 0 ? "served: " : "4 KiB pages: ") << mean(library[served])
                  << " ns by the library, " << mean(ours[served]) << " predicted\n";
        EXPECT_NEAR(mean(ours[served]) / mean(library[served]), 1, kNear);
    }
    EXPECT_NEAR(mean(ours[1]) / mean(ours[0]), mean(library[1]) / mean(library[0]), kNear);
}

TEST(SealerLabels, AreThoseOfPc1Label) {
    expect_the_same_labels("8MiB");
}
TEST(LargeSealerLabels, AreThoseOfPc1Label) {
    expect_the_same_labels("512MiB");
}

}  // namespace
}  // namespace tests
