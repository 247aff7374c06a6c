// pc1-label parents: the digest of the file that upstream keeps.
#include "pc1_label.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace pc1 {
namespace {

using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// As rust-fil-proofs publishes it, for API 1.1.
constexpr const char* kDigest8MiB = "03cd13565ded97c240a5f52e54295ad127bd0461b57904cb3a4d79b097bbecab";

TEST(Pc1LabelParents, HaveTheDigestThatUpstreamPublishesByAnyNumberOfThreads) {
    for (const char* threads : {"1", "2", "7"}) {
        const Outcome outcome =
            run_pc1_label({"parents", "--sector-size", "8MiB", "--digest", "--threads", threads, "--json"});
        EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
        EXPECT_THAT(outcome.err, IsEmpty());
        const Json result = Json::parse(outcome.out);
        EXPECT_EQ(result.at("schema_version"), 1);
        EXPECT_EQ(result.at("sha256"), kDigest8MiB);
        EXPECT_EQ(result.at("bytes"), (8 << 20) / 32 * 56);
    }
    EXPECT_THAT(run_pc1_label({"parents", "--sector-size", "8MiB", "--digest"}).out, HasSubstr(kDigest8MiB));
}

TEST(Pc1LabelParents, AreRefusedInOneLineWhereTheyMakeNoSense) {
    const std::vector<Arguments> nonsense{
        {},
        {"--sector-size", "2KiB"},
        {"--digest"},
        {"--digest", "--sector-size", "33"},
        {"--digest", "--sector-size", "2KiB", "--threads", "0"},
        {"--digest", "--sector-size", "2KiB", "--api-version", "2"},
        {"--digest", "--sector-size", "2KiB", "--porep-id", "00"},
        {"--digest", "--sector-size", "2KiB", "--layers", "2"},
        {"--digest", "--sector-size", "2KiB", "more"},
    };
    for (Arguments arguments : nonsense) {
        SCOPED_TRACE(testing::PrintToString(arguments));
        arguments.insert(arguments.begin(), "parents");
        const Outcome outcome = run_pc1_label(arguments);
        EXPECT_EQ(outcome.exit_status, 2);
        EXPECT_THAT(outcome.out, IsEmpty());
        EXPECT_THAT(outcome.err, testing::EndsWith("Try 'pc1-label parents --help'.\n"));
        EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
    }
}

TEST(Pc1LabelParents, ExplainThemselvesAndFit80Columns) {
    const Outcome help = run_pc1_label({"parents", "--help"});
    const Outcome result = run_pc1_label({"parents", "--sector-size", "2KiB", "--digest"});
    EXPECT_THAT(help.out, AllOf(HasSubstr("--sector-size SIZE"), HasSubstr("Example:")));
    for (const Outcome& outcome : {help, result}) {
        EXPECT_EQ(outcome.exit_status, 0);
        std::istringstream lines(outcome.out);
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(line.size(), 80U) << line;
        }
    }
}

}  // namespace
}  // namespace pc1
