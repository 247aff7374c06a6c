// pc1-label, run as a user would.
#pragma once

#include "tests/support/child_process.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace pc1 {

using Arguments = std::vector<std::string>;
using tests::Outcome;

inline Outcome run_pc1_label(Arguments arguments) {
    arguments.insert(arguments.begin(), PC1_LABEL);
    return tests::run(arguments);
}

// With --json and --digest as well; expects it to succeed.
inline nlohmann::json labelled(Arguments arguments) {
    arguments.insert(arguments.end(), {"--json", "--digest"});
    const Outcome outcome = run_pc1_label(arguments);
    EXPECT_TRUE(outcome.ok()) << outcome.err;
    return nlohmann::json::parse(outcome.out);
}

// Of each layer, in hex.
inline std::vector<std::string> digests(const nlohmann::json& result, const char* key = "sha256") {
    std::vector<std::string> digests;
    for (const auto& layer : result.at("layers")) {
        digests.push_back(layer.at(key));
    }
    return digests;
}

}  // namespace pc1
