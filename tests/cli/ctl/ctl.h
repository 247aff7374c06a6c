// hugepagectl run on a pool of the test's own, on tmpfs and on 2 MiB pages.
#pragma once

#include "tests/preload/environment.h"
#include "tests/support/child_process.h"
#include "tests/support/pool_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace tests {

inline constexpr std::uint64_t kFileBytes = 16UL << 20;  // eight pages of 2 MiB

class CtlTest : public testing::TestWithParam<PageKind> {
  protected:
    void SetUp() override {
        if (!pool_.missing().empty()) {
            GTEST_SKIP() << pool_.missing();
        }
    }

    // hugepagectl COMMAND --path POOL ARGUMENT...
    [[nodiscard]] std::vector<std::string> command(const std::string& name,
                                                   const std::vector<std::string>& more = {}) const {
        std::vector<std::string> words = {CTL, name, "--path", pool_.path().string()};
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    [[nodiscard]] Outcome ctl(const std::string& name, const std::vector<std::string>& more = {}) const {
        return run(command(name, more));
    }
    [[nodiscard]] nlohmann::json json(const std::string& name) const {
        const Outcome outcome = ctl(name, {"--json"});
        EXPECT_EQ(outcome.err, "");
        return nlohmann::json::parse(outcome.out);
    }
    // The entry of the file with that name.
    [[nodiscard]] static nlohmann::json file_in(const nlohmann::json& report, const std::string& name) {
        for (const auto& file : report["pools"][0]["files"]) {
            if (file["path"].get<std::string>().ends_with("/" + name)) {
                return file;
            }
        }
        return nullptr;
    }

    // A program that has taken one buffer of a file's size, the shim preloaded.
    [[nodiscard]] ChildProcess preloaded_holder(const Environment& more = {}) const {
        Environment environment = preloaded(more);
        environment.try_emplace("HUGEPAGE_FILES_PATH", pool_.path().string());
        return ChildProcess({PROBE, "hold", std::to_string(kFileBytes), "1"}, environment);
    }

    Pool pool_{GetParam()};
};

inline std::string name_of_kind(const testing::TestParamInfo<PageKind>& kind) {
    return kind.param.name;
}

}  // namespace tests
