// How the programs here name and register what they measure. A name is "group/subject/key:value/key:value…".
#pragma once

#include <benchmark/benchmark.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

// The machine lacks what a benchmark needs. what() is reported as the reason why it was left out.
struct Missing : std::runtime_error {
    using runtime_error::runtime_error;
};

// The benchmark sets the time of each iteration itself. If it throws, it is reported as left out.
benchmark::internal::Benchmark* add(const std::string& name, std::function<void(benchmark::State&)> measure);

// Benchmarks whose figures come of one measurement, in which what they compare takes turns: the n-th
// repetition of each is the n-th measurement's. `measure` returns seconds, in the order of the names.
void add_together(const std::vector<std::string>& names, std::function<std::vector<double>()> measure);

// All that were registered, as the command line says.
int run(int argc, char** argv);

}  // namespace bench
