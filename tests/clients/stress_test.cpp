// stress-ng: so many operations of each of its stressors with each library, checking the memory's content.

#include "tests/clients/clients.h"

#include <ostream>
#include <sstream>

namespace tests {
namespace {

using testing::HasSubstr;
using testing::Not;

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

TEST_P(StressNg, FindsNoFault) {
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

}  // namespace
}  // namespace tests
