// Programs of the distribution that take memory in ways of their own.

#include "tests/clients/clients.h"

#include <fstream>
#include <ostream>
#include <random>
#include <sstream>

namespace tests {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::uint64_t kMiB = 1UL << 20;

// --- stress-ng: so many operations of each of its stressors with each library, checking the memory's
// content.
struct Stressor {
    const char* name;
    Arguments options;
    bool asks_for_a_files_size;  // or else is left alone
};

void PrintTo(const Stressor& stressor, std::ostream* out) {
    *out << stressor.name;
}

const Tool kStressNg{STRESS_NG, "stress-ng"};

class StressNg : public Clients, public testing::WithParamInterface<Stressor> {
  protected:
    // What its --vm-bytes and the like say, and what its madvise stressor takes.
    StressNg() : Clients({kFileBytes, kFileBytes, 4 * kMiB, 4 * kMiB, 4 * kMiB}) {}
};

INSTANTIATE_TEST_SUITE_P(
    , StressNg,
    testing::Values(Stressor{"vm", {"--vm=2", "--vm-bytes=32m", "--vm-ops=100000"}, true},
                    Stressor{"vm_locked",
                             {"--vm=1", "--vm-bytes=16m", "--vm-locked", "--vm-populate", "--vm-ops=50000"},
                             true},
                    Stressor{"mmap", {"--mmap=2", "--mmap-bytes=32m", "--mmap-ops=30"}, true},
                    Stressor{"mremap", {"--mremap=2", "--mremap-bytes=32m", "--mremap-ops=100"}, true},
                    Stressor{"madvise", {"--madvise=2", "--madvise-ops=120"}, true},
                    Stressor{"mlock", {"--mlock=1", "--mlock-ops=8000"}, false},
                    Stressor{"fork", {"--fork=1", "--fork-vm", "--fork-ops=40"}, false}),
    testing::PrintToStringParamName());

TEST_P(StressNg, FindsNothingToComplainOf) {
    Arguments arguments = GetParam().options;
    // The limit is for a program that hangs.
    arguments.insert(arguments.end(),
                     {"--verify", "--seed=1", "--timeout=120", "--temp-path=" + dir_.path().string()});
    for (const auto& library : {kShim, kHeapShim}) {
        const auto trial = try_with(library, kStressNg, arguments);
        std::istringstream lines(trial.outcome.out + trial.outcome.err);
        for (std::string line; std::getline(lines, line);) {
            EXPECT_THAT(line, HasSubstr(": info: "));
        }
        if (GetParam().asks_for_a_files_size) {
            EXPECT_GT(trial.leases(), 0U);
        } else {
            EXPECT_EQ(trial.leases(), 0U) << trial.log;
            EXPECT_THAT(trial.log, Not(HasSubstr(" WARN ")));
        }
    }
}

// --- sort: it asks malloc for a buffer of what -S says, and for one line of its table more.
const Tool kSort{SORT, "coreutils"};

class Sort : public Clients {
  protected:
    [[nodiscard]] std::string shuffled_lines() const {
        auto path = dir_.path() / "lines";
        std::ofstream file(path);
        std::mt19937_64 random(1);
        for (std::uint64_t written = 0; written < 3 * kFileBytes; written += 20) {
            file << random() << '\n';
        }
        return path;
    }
};

TEST_F(Sort, IsServedItsBufferByTheHeapVariantAlone) {
    const Arguments arguments = {"--buffer-size=" + std::to_string(kFileBytes - 32) + "b", "--parallel=2",
                                 "--temporary-directory=" + dir_.path().string(), shuffled_lines()};
    const Environment environment = {{"LC_ALL", "C"}};
    const auto served = compare(kHeapShim, kSort, arguments, environment);
    EXPECT_GT(served.preloaded.leases(), 0U);
    EXPECT_THAT(compare(kShim, kSort, arguments, environment).preloaded.log, IsEmpty());
}

// --- A compiler, whose processes keep their trees in mappings of 2 MiB.
const Tool kCompiler{GXX, "g++"};

class Compiler : public Clients {
  protected:
    Compiler() : Clients(std::vector<std::uint64_t>(16, 2 * kMiB)) {}

    [[nodiscard]] std::string compile_with(const std::string& libraries, std::size_t* leases) const {
        const auto object = dir_.path() / "object.o";
        std::filesystem::remove(object);
        const auto trial = try_with(libraries, kCompiler,
                                    {"-std=c++20", "-O2", "-c", "-o", object, kSources + "/client.cpp"});
        *leases = trial.leases();
        EXPECT_THAT(trial.outcome.err, IsEmpty());
        return read_file(object);
    }
};

TEST_F(Compiler, MakesTheSameObjectFromServedMemory) {
    std::size_t leases = 0;
    const auto plain = compile_with("", &leases);
    ASSERT_THAT(plain, Not(IsEmpty()));
    EXPECT_EQ(leases, 0U);
    for (const auto& library : {kShim, kHeapShim}) {
        EXPECT_TRUE(compile_with(library, &leases) == plain) << library;
        EXPECT_GT(leases, 0U);
    }
}

}  // namespace
}  // namespace tests
