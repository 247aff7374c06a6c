#include "results.h"

#include <gtest/gtest.h>

namespace pc1 {

nlohmann::json labelled(std::vector<std::string> arguments, const Surroundings& surroundings) {
    arguments.insert(arguments.end(), {"--json", "--digest"});
    const Outcome outcome = run_pc1_label(arguments, surroundings);
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out);
}

std::vector<std::string> digests(const nlohmann::json& result) {
    std::vector<std::string> digests;
    for (const auto& layer : result.at("layers")) {
        digests.push_back(layer.at("sha256"));
    }
    return digests;
}

}  // namespace pc1
