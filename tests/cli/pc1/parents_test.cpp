// pc1-label parents: the file that upstream keeps, or only its digest.
#include "command.h"
#include "results.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace pc1 {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// As rust-fil-proofs publishes them, for API 1.1.
constexpr const char* kName8MiB =
    "v28-sdr-parent-5eed212119fd91aa6220a27f31a8966444a9381842bceb3a1ea61525bd47a5b5.cache";
constexpr const char* kDigest8MiB = "03cd13565ded97c240a5f52e54295ad127bd0461b57904cb3a4d79b097bbecab";

TEST(Pc1LabelParents, AreWrittenUnderTheirNameWithTheirDigest) {
    const tests::TempDir dir;
    const fs::path folder = dir.path() / "new" / "folder";
    const Outcome outcome = run_pc1_label({"parents", "--sector-size", "8MiB", "--output", folder, "--json"});
    ASSERT_EQ(outcome.exit_status, 0) << outcome.err;
    const Json result = Json::parse(outcome.out);
    EXPECT_EQ(result.at("schema_version"), 1);
    EXPECT_EQ(result.at("sha256"), kDigest8MiB);
    EXPECT_EQ(result.at("name"), kName8MiB);
    EXPECT_EQ(result.at("file"), (folder / kName8MiB).string());
    EXPECT_EQ(fs::file_size(folder / kName8MiB), result.at("bytes"));
    EXPECT_EQ(sha256_of_file(folder / kName8MiB), kDigest8MiB);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST(Pc1LabelParents, AreOnlyDigestedWithoutOutputByAnyNumberOfThreads) {
    for (const char* threads : {"1", "2", "7"}) {
        const Outcome outcome =
            run_pc1_label({"parents", "--sector-size", "8MiB", "--digest", "--threads", threads});
        EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
        EXPECT_THAT(outcome.out, AllOf(HasSubstr(kDigest8MiB), HasSubstr("not written")));
        EXPECT_THAT(outcome.err, IsEmpty());
    }
}

TEST(Pc1LabelParents, AreNotBegunWhereThereIsNoRoom) {
    const tests::TempDir dir;
    const Outcome outcome =
        run_pc1_label({"parents", "--sector-size", "127GiB", "--output", "/dev/shm/pc1-label-test-no-room"});
    EXPECT_EQ(outcome.exit_status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("no room in /dev/shm/pc1-label-test-no-room"));
    EXPECT_FALSE(fs::exists("/dev/shm/pc1-label-test-no-room"));
}

TEST(Pc1LabelParents, AreRefusedInOneLineWhereTheyMakeNoSense) {
    const std::vector<std::vector<std::string>> nonsense{
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
    for (std::vector<std::string> arguments : nonsense) {
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
    EXPECT_THAT(help.out, AllOf(HasSubstr("--sector-size SIZE"), HasSubstr("Examples:")));
    for (const Outcome& outcome : {help, result}) {
        EXPECT_EQ(outcome.exit_status, 0);
        std::istringstream lines(outcome.out);
        for (std::string line; std::getline(lines, line);) {
            if (!line.starts_with("Name ")) {  // upstream's names are longer
                EXPECT_LE(line.size(), 80U) << line;
            }
        }
    }
}

}  // namespace
}  // namespace pc1
