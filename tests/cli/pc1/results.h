// What pc1-label gives, ready to be compared.
#pragma once

#include "command.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace pc1 {

// Runs it with these arguments, --json and --digest; expects it to succeed.
nlohmann::json labelled(std::vector<std::string> arguments, const Surroundings& surroundings = {});

// Of each layer, in hex.
std::vector<std::string> digests(const nlohmann::json& result);

}  // namespace pc1
