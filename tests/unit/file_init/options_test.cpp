// The command line: spellings, defaults, refusals.
#include "tools/file_init/options.h"

#include "tests/unit/file_init/machine.h"

#include <gmock/gmock.h>

#include <variant>
#include <vector>

namespace file_init {
namespace {

using testing::HasSubstr;

std::variant<Request, TextForUser> parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "hugepage-file-init");
    return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

Request request_of(const std::vector<const char*>& arguments) {
    return std::get<Request>(parse(arguments));
}

std::string usage_error_of(const std::vector<const char*>& arguments) {
    const auto refused = refusal_of([&] { static_cast<void>(parse(arguments)); });
    EXPECT_EQ(refused.code, tools::ExitCode::usage);
    return refused.message;
}

TEST(Options, HaveDefaultsForAllButSizeAndPath) {
    const Request request = request_of({"--size", "1GiB", "--path", "/mnt/huge"});
    EXPECT_FALSE(request.node);
    EXPECT_EQ(request.count, 1U);
    EXPECT_EQ(request.size, kGiB);
    EXPECT_EQ(request.pattern.text(), "/mnt/huge/numa_$NUMA_NODE_INDEX");
    EXPECT_FALSE(request.owner || request.group || request.mode || request.threads);
}

TEST(Options, AreKnownByEachOfTheirNames) {
    for (const char* node : {"-n", "--node", "--numa_node_index"}) {
        for (const char* count : {"-c", "--num", "--number_of_files"}) {
            for (const char* size : {"-s", "--size"}) {
                const auto request = request_of({node, "3", count, "2", size, "1GiB", "--path", "/p"});
                EXPECT_EQ(request.node, NodeId{3});
                EXPECT_EQ(request.count, 2U);
                EXPECT_EQ(request.size, kGiB);
            }
        }
    }
}

TEST(Options, MayBeWrittenWithAnEqualsSign) {
    const auto request =
        request_of({"--node=3", "--num=2", "--size=1GiB", "--path=/p", "--mode=640", "--threads=5"});
    EXPECT_EQ(request.node, NodeId{3});
    EXPECT_EQ(request.count, 2U);
    EXPECT_EQ(request.mode, mode_t{0640});
    EXPECT_EQ(request.threads, 5);
}

TEST(Options, PatternWinsOverPath) {
    for (const char* name : {"--path_pattern", "--path-pattern"}) {
        const auto request = request_of({"-s", "1GiB", name, "/q/n$NUMA_NODE_INDEX/x/", "--path", "/p"});
        EXPECT_EQ(request.pattern.text(), "/q/n$NUMA_NODE_INDEX/x");
    }
}

TEST(Options, PathMayEndInASlash) {
    EXPECT_EQ(request_of({"-s", "1GiB", "--path", "/p//q/"}).pattern.text(), "/p/q/numa_$NUMA_NODE_INDEX");
    EXPECT_EQ(request_of({"-s", "1GiB", "--path", "/"}).pattern.text(), "/numa_$NUMA_NODE_INDEX");
}

TEST(Options, MayFollowTheWordsOfTheWorker) {
    EXPECT_EQ(request_of({"store", "hugepage-file-init", "-s", "1GiB", "--path", "/p"}).size, kGiB);
}

TEST(Options, GiveHelpAndVersion) {
    for (const char* name : {"-h", "--help"}) {
        EXPECT_THAT(std::get<TextForUser>(parse({name})).text, HasSubstr("--number_of_files"));
    }
    for (const char* name : {"-V", "--version"}) {
        EXPECT_THAT(std::get<TextForUser>(parse({name})).text,
                    testing::MatchesRegex("hugepage-file-init [0-9.]+\n"));
    }
}

TEST(Options, RefuseWhatIsMissing) {
    EXPECT_EQ(usage_error_of({"--path", "/p"}), "--size is needed.");
    EXPECT_EQ(usage_error_of({"--size", "1GiB"}), "--path or --path_pattern is needed.");
    EXPECT_THAT(usage_error_of({"--path", "/p", "--size="}), HasSubstr("--size"));
    EXPECT_THAT(usage_error_of({"--path", "/p", "--size"}), HasSubstr("--size"));
}

TEST(Options, RefuseAPatternWithoutTheNode) {
    EXPECT_THAT(usage_error_of({"-s", "1GiB", "--path_pattern", "/p"}), HasSubstr("lacks $NUMA_NODE_INDEX"));
}

TEST(Options, RefuseValuesThatAreNone) {
    const auto refuses = [](const char* option, const char* value) {
        EXPECT_THAT(usage_error_of({"-s", "1GiB", "--path", "/p", option, value}), HasSubstr(option))
            << value;
    };
    for (const char* value : {"one", "0x1", "1.", "1024"}) {
        refuses("--node", value);
    }
    for (const char* value : {"0", "2x", "4097"}) {
        refuses("--num", value);
    }
    refuses("--mode", "8");
    refuses("--mode", "1777");
    refuses("--threads", "0");
    refuses("--user", "no such user");
    refuses("--group", "no such group");
}

TEST(Options, RefuseSizesThatAreNone) {
    for (const char* size : {"0", "GiB", "1XB", "1GiB2", "99999999EiB"}) {
        EXPECT_THAT(usage_error_of({"--path", "/p", "--size", size}), HasSubstr("is no size")) << size;
    }
    EXPECT_THAT(usage_error_of({"--path", "/p", "--size", "4EiB", "--num", "2"}),
                HasSubstr("more than can be"));
}

TEST(Options, RefuseWhatIsUnknownOrTwice) {
    EXPECT_THAT(usage_error_of({"--nix"}), HasSubstr("--nix"));
    EXPECT_THAT(usage_error_of({"-s", "1GiB", "-s", "2GiB", "--path", "/p"}), HasSubstr("--size"));
}

}  // namespace
}  // namespace file_init
