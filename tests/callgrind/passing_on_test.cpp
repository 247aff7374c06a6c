// What the shim costs a call that is not its own: instructions counted by callgrind, compared with
// golden_passing_on.txt, to the instruction for the compiler that the golden counts are of; others may need a
// quarter more than the most.

#include "tests/preload/preloaded.h"
#include "tests/support/temp_dir.h"

#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace tests {
namespace {

using Counts = std::map<std::string, long>;  // by function

constexpr long kMost = 12;

// The instructions within the shim's own code, from callgrind's file. A line of it that names something gives
// it a number, by which it is named from then on.
Counts parse(const std::string& profile) {
    std::map<std::string, std::string> objects;
    std::map<std::string, std::string> functions;
    const auto name = [](std::map<std::string, std::string>& known, const std::string& text) {
        const auto end = text.find(')') + 1;
        const std::string number = text.substr(0, end);
        return end < text.size() ? known[number] = text.substr(end + 1) : known[number];
    };
    Counts counts;
    std::string object;
    std::string function;
    bool is_of_the_callee = false;
    std::istringstream lines(profile);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("ob=")) {
            object = name(objects, line.substr(3));
        } else if (line.starts_with("cob=")) {
            name(objects, line.substr(4));
        } else if (line.starts_with("fn=")) {
            function = name(functions, line.substr(3));
        } else if (line.starts_with("cfn=")) {
            name(functions, line.substr(4));
        } else if (line.starts_with("calls=")) {
            is_of_the_callee = true;
        } else if (!line.empty() && (std::isdigit(line[0]) != 0 || line[0] == '+' || line[0] == '-')) {
            if (!std::exchange(is_of_the_callee, false) &&
                (object == SHIM_LIBRARY || object == HEAP_LIBRARY)) {
                counts[function] += std::stol(line.substr(line.find(' ')));
            }
        }
    }
    return counts;
}

Counts count(const Environment& environment, const std::vector<std::string>& arguments) {
    const TempDir dir;
    const auto file = dir.path() / "profile";
    std::vector<std::string> command{"valgrind", "--tool=callgrind", "--callgrind-out-file=" + file.string(),
                                     CALLS};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto outcome = run(command, environment);
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    return parse(read_file(file));
}

// Of each function of the shim in one of each call; what there is beside the calls falls out, even if a run
// allocates somewhat more often at its start than another.
Counts count_one(const Environment& environment, const std::string& region) {
    const auto times = [&](long calls) {
        return region.empty() ? count(environment, {std::to_string(calls)})
                              : count(environment, {std::to_string(calls), region, bytes(kFileBytes)});
    };
    const Counts few = times(1);
    constexpr long kCalls = 2000;
    Counts many = times(1 + kCalls);
    for (auto& [function, instructions] : many) {
        const auto found = few.find(function);
        const long more = instructions - (found == few.end() ? 0 : found->second);
        instructions = (more + kCalls / 2) / kCalls;
    }
    return many;
}

// By function; -1 where there is none.
Counts golden(int column) {
    Counts counts;
    std::istringstream lines(read_file(GOLDEN));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string call;
        std::array<std::string, 3> numbers;
        words >> call >> numbers[0] >> numbers[1] >> numbers[2];
        if (!call.empty() && call[0] != '#') {
            const auto& number = numbers.at(static_cast<std::size_t>(column));
            counts[call] = number == "-" ? -1 : std::stol(number);
        }
    }
    return counts;
}

void expect_golden(const Counts& counted, int column, bool has_heap = false) {
    const std::set<std::string> of_the_heap{"malloc", "free"};
    for (const auto& [call, expected] : golden(column)) {
        const long seen = counted.contains(call) ? counted.at(call) : 0;
        if (expected < 0 || (seen == 0 && of_the_heap.contains(call) && !has_heap)) {
            continue;
        }
        EXPECT_GT(seen, 0) << call;
        if (std::string(COMPILER) == "GNU-12") {
            EXPECT_EQ(seen, expected) << call;
            EXPECT_LE(seen, kMost) << call;
        } else {
            EXPECT_LE(seen, kMost * 5 / 4) << call;
        }
    }
}

// What is counted below is seen to be called; so no call that the shim stands before is left uncounted.
TEST(GoldenCounts, AreOfEveryCallThatTheShimStandsBefore) {
    const std::string map = read_file(EXPORTS_MAP);
    const std::regex name(R"((\w+);)");
    std::set<std::string> exported;
    for (std::sregex_iterator i(map.begin(), map.end(), name); i != std::sregex_iterator(); ++i) {
        exported.insert((*i)[1]);
    }
    std::set<std::string> counted;
    for (const auto& [call, instructions] : golden(0)) {
        counted.insert(call);
    }
    for (const std::string of_the_heap : {"malloc", "free"}) {
        counted.erase(of_the_heap);
    }
    EXPECT_EQ(counted, exported);
}

class PassingOn : public PoolTest {
  protected:
    void SetUp() override {
        PoolTest::SetUp();
        ASSERT_EQ(run({"valgrind", "--version"}).exit_status, 0)
            << "valgrind is missing: scripts/install-packages.sh fast";
        pool_.add("file", kFileBytes);
    }
    // The program fails if its buffer is not served.
    [[nodiscard]] Environment with_a_region() const {
        return environment({{"HUGEPAGE_ZERO_THREADS", "0"}, {"HUGEPAGE_MODE", "require"}});
    }
};

TEST_P(PassingOn, CostsAsLittleAsItDidWithoutVariables) {
    const Counts counted = count_one(preloaded({}), "");
    expect_golden(counted, 0);
    // And nothing of the shim runs but the functions that are called.
    const Counts known = golden(0);
    for (const auto& [function, instructions] : counted) {
        EXPECT_TRUE(known.contains(function) || instructions == 0) << function << ": " << instructions;
    }
}

TEST_P(PassingOn, CostsAsLittleAsItDidWithARegionBelow) {
    expect_golden(count_one(with_a_region(), "below"), 1);
}

TEST_P(PassingOn, CostsAsLittleAsItDidWithARegionAbove) {
    expect_golden(count_one(with_a_region(), "above"), 2);
}

TEST_P(PassingOn, CostsAsLittleAsItDidInTheHeapVariant) {
    auto variables = with_a_region();
    variables["LD_PRELOAD"] = HEAP_LIBRARY;
    expect_golden(count_one(variables, "below"), 1, true);
    expect_golden(count_one(variables, "above"), 2, true);
}

INSTANTIATE_TEST_SUITE_P(, PassingOn, testing::Values(kTmpfs), name_of_kind);

}  // namespace
}  // namespace tests
