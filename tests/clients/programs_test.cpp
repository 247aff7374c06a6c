// Programs of the distribution that take memory in ways of their own.

#include "tests/clients/clients.h"

#include <fstream>
#include <random>

namespace tests {
namespace {

using testing::IsEmpty;
using testing::Not;

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
