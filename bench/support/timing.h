// Seconds, and the middle one of several.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

template <class Work>
double seconds_of(Work&& work) {
    const auto start = Clock::now();
    std::forward<Work>(work)();
    return seconds_since(start);
}

// Of at least one value.
inline double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

// The middle one of what `measure` returns, which is asked for so many seconds and so many times at least. On
// a busy machine the mean would be of what else went on.
template <class Measure>
double median_for(double seconds, std::size_t fewest, Measure&& measure) {
    std::vector<double> values;
    const auto start = Clock::now();
    while (values.size() < fewest || seconds_since(start) < seconds) {
        values.push_back(measure());
    }
    return median(std::move(values));
}

}  // namespace bench
