#include "tools/pool/request.h"

#include "tests/unit/pool/machine.h"

#include <gmock/gmock.h>

namespace pool {
namespace {

using testing::HasSubstr;

class RequestTest : public testing::Test {
  protected:
    RequestTest() { machine_.nodes = {node_of_64_gib(0), node_of_64_gib(3)}; }

    [[nodiscard]] Request request() const { return request_of(options_, machine_); }
    [[nodiscard]] std::string refusal() const {
        const auto refused = refusal_of([&] { static_cast<void>(request()); });
        EXPECT_EQ(refused.code, tools::ExitCode::usage);
        return refused.message;
    }

    Machine machine_{{}, {k2MiB, k1GiB}, {}, {}};
    RequestOptions options_{.size = "1GiB", .num = "2", .node = "all", .path = "/p", .page_size = "auto"};
};

TEST_F(RequestTest, HasDefaultsForAllButSizeAndPath) {
    EXPECT_EQ(request().shares, (std::vector<Share>{{NodeId{0}, 2}, {NodeId{3}, 2}}));
    EXPECT_EQ(request().size, k1GiB);
    EXPECT_EQ(request().pattern.text(), "/p/numa_$NUMA_NODE_INDEX");
    EXPECT_FALSE(request().owner || request().group || request().mode || request().threads);
    options_.size = "";
    EXPECT_THAT(refusal(), HasSubstr("--size is needed"));
}

TEST_F(RequestTest, KnowsWhatAConfigurationFileWants) {
    std::map<std::string, std::string> values = {{"path", "/p"}};
    EXPECT_FALSE(wanted_by(values, machine_));  // it only says where the pool is
    values["size"] = "1GiB";
    const auto wanted = wanted_by(values, machine_);
    ASSERT_TRUE(wanted);
    EXPECT_EQ(wanted->shares, (std::vector<Share>{{NodeId{0}, 2}, {NodeId{3}, 2}}));
    EXPECT_EQ(wanted->pattern.text(), "/p/numa_$NUMA_NODE_INDEX");
    values["path_pattern"] = "/q/$NUMA_NODE_INDEX";  // the other spelling of --path-pattern
    EXPECT_EQ(wanted_by(values, machine_)->pattern.text(), "/q/$NUMA_NODE_INDEX");
    values["num"] = "4";
    values["node"] = "0,3:1";
    values["user"] = "not looked at";
    EXPECT_EQ(wanted_by(values, machine_)->shares, (std::vector<Share>{{NodeId{0}, 4}, {NodeId{3}, 1}}));
    values["num"] = "x";
    EXPECT_THROW(static_cast<void>(wanted_by(values, machine_)), tools::Failure);
}

TEST_F(RequestTest, PatternWinsOverPath) {
    options_.pattern = "/q//n$NUMA_NODE_INDEX/x/";
    EXPECT_EQ(request().pattern.text(), "/q/n$NUMA_NODE_INDEX/x");
    EXPECT_EQ(place_of(request().pattern), "/q");
    options_.pattern = "/q";
    EXPECT_THAT(refusal(), HasSubstr("has no $NUMA_NODE_INDEX"));
}

TEST_F(RequestTest, RefusesPermissionsForOthers) {
    options_.mode = "640";
    EXPECT_EQ(request().mode, mode_t{0640});
    for (const char* mode : {"644", "601", "0666", "8", "1600"}) {
        options_.mode = mode;
        EXPECT_THAT(refusal(), HasSubstr("--mode")) << mode;
    }
}

TEST_F(RequestTest, RefusesValuesThatAreNone) {
    const auto refuses = [&](std::string RequestOptions::*option, const char* value, const char* name) {
        const std::string before = std::exchange(options_.*option, value);
        EXPECT_THAT(refusal(), HasSubstr(name)) << value;
        options_.*option = before;
    };
    refuses(&RequestOptions::node, "1", "--node");
    refuses(&RequestOptions::num, "0", "--num");
    refuses(&RequestOptions::threads, "0", "--threads");
    refuses(&RequestOptions::user, "no such user", "--user");
    refuses(&RequestOptions::group, "no such group", "--group");
    for (const char* size : {"0", "GiB", "1XB", "1GiB2", "99999999EiB"}) {
        refuses(&RequestOptions::size, size, "--size");
    }
}

TEST_F(RequestTest, IsToldWithItsOwner) {
    options_.user = "12345";
    options_.page_size = "2MiB";
    options_.mode = "0640";
    EXPECT_EQ(setup_command(request()),
              "sudo hugepagectl setup --size 1GiB --node 0:2,3:2 --page-size 2MiB --path /p --user 12345 "
              "--mode 0640");
}

TEST(FileNames, AreTheSizeInBinaryUnitsAndANumber) {
    EXPECT_THAT(paths_of({32 * k1GiB.bytes}, 2, "/p/numa_0"),
                testing::ElementsAre("/p/numa_0/32.0_GiB_0", "/p/numa_0/32.0_GiB_1"));
}

// Of two sizes that print alike.
TEST(FileNames, HaveTheBytesOfASizeThatOneDecimalDoesNotSay) {
    const ByteSize odd{32 * k1GiB.bytes + k2MiB.bytes};
    EXPECT_THAT(paths_of(odd, 1, "/p"), testing::ElementsAre("/p/32.0_GiB_34361835520_0"));
}

}  // namespace
}  // namespace pool
