// Runs a program that measures and reads what it says.
#pragma once

#include "tests/support/child_process.h"
#include "tests/support/temp_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace tests {

struct Measured {
    std::map<std::string, double> values;  // ns of an iteration, by name without what the library adds to it
    std::map<std::string, std::string> left_out;  // why
};

// What Google Benchmark adds to a name begins with one of these.
inline std::string without_additions(const std::string& name) {
    return name.substr(0, std::min(name.find("/iterations:"), name.find("/manual_time")));
}

// Once, as quickly as can be, what the filter lets through.
inline Measured measure(const std::string& program, const Environment& environment = {},
                        const std::string& filter = ".") {
    const TempDir folder;
    const auto file = folder.path() / "out.json";
    const auto outcome = run({program, "--benchmark_out=" + file.string(), "--benchmark_out_format=json",
                              "--benchmark_filter=" + filter, "--benchmark_repetitions=1",
                              "--benchmark_min_time=0.001", "--benchmark_enable_random_interleaving=true"},
                             environment);
    EXPECT_TRUE(outcome.ok()) << outcome.err;
    Measured measured;
    const auto report = nlohmann::json::parse(read_file(file));
    for (const auto& each : report.at("benchmarks")) {
        const std::string name = without_additions(each.at("run_name"));
        if (each.value("error_occurred", false)) {
            measured.left_out[name] = each.at("error_message");
        } else {
            measured.values[name] = each.at("real_time");
        }
    }
    return measured;
}

inline void expect_measured(const Measured& measured, const std::string& name) {
    const auto found = measured.values.find(name);
    if (found == measured.values.end()) {
        const auto why = measured.left_out.find(name);
        ADD_FAILURE() << name << ": " << (why == measured.left_out.end() ? "no such benchmark" : why->second);
    } else {
        EXPECT_GT(found->second, 0) << name;
    }
}

}  // namespace tests
