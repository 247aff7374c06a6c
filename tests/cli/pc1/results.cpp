#include "results.h"

#include "tools/pc1/sha256.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

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

std::string sha256_of_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<std::uint8_t> content{std::istreambuf_iterator<char>(file), {}};
    return to_hex(Sha256().update(content).finish());
}

}  // namespace pc1
