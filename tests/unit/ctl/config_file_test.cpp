#include "tests/support/temp_dir.h"
#include "tests/unit/pool/machine.h"
#include "tools/pool/choice.h"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>

namespace ctl {
namespace {

using pool::Refusal;
using pool::refusal_of;

class ConfigFile : public testing::Test {
  protected:
    Refusal read(const std::string& text) {
        const std::string path = folder_.write("config", text);
        return refusal_of([&] {
            CLI::App app;
            bool json = false;
            app.add_option("--size", size_);
            app.add_option("--node", node_);
            app.add_option("--path", path_);
            app.add_flag("--json", json)->configurable(false);
            app.parse(command_line_);
            read_config(path, app);
        });
    }

    tests::TempDir folder_;
    std::string size_, node_, path_;
    std::string command_line_;
};

TEST_F(ConfigFile, SetsOptions) {
    EXPECT_EQ(read("# the pool\nsize = 32GiB\n\nnode = 0:4,1:2\npath = \"/mnt/with blank\"\n").message, "");
    EXPECT_EQ(size_, "32GiB");
    EXPECT_EQ(node_, "0:4,1:2");
    EXPECT_EQ(path_, "/mnt/with blank");
}

TEST_F(ConfigFile, TakesAFileOfAnEditorThatMarksUtf8) {
    EXPECT_EQ(read("\xef\xbb\xbfsize = 32GiB\r\n").message, "");
    EXPECT_EQ(size_, "32GiB");
}

TEST_F(ConfigFile, SaysThatThereAreNoSections) {
    EXPECT_THAT(read("[setup]\nsize = 1GiB\n").message, testing::HasSubstr("no sections; leave out [setup]"));
}

TEST_F(ConfigFile, GivesWayToTheCommandLine) {
    command_line_ = "--size 64GiB";
    EXPECT_EQ(read("size = 32GiB\n").message, "");
    EXPECT_EQ(size_, "64GiB");
}

TEST_F(ConfigFile, RefusesWhatItDoesNotKnow) {
    for (const char* text : {"sizes = 1GiB\n", "size = 1GiB\nsize = 2GiB\n", "size =\n", "json = true\n"}) {
        EXPECT_EQ(read(text).code, tools::ExitCode::usage) << text;
    }
    CLI::App app;
    EXPECT_EQ(refusal_of([&] { read_config("/nowhere/file", app); }).code, tools::ExitCode::usage);
    EXPECT_EQ(refusal_of([&] { read_config("/tmp", app); }).code, tools::ExitCode::usage) << "a folder";
}

}  // namespace
}  // namespace ctl
