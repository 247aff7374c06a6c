#include "bench/support/benchmarks.h"

#include <deque>
#include <exception>
#include <memory>
#include <utility>

namespace bench {
namespace {

// Keeps what one benchmark has asked for until the others ask for theirs.
class Shared {
  public:
    Shared(std::size_t count, std::function<std::vector<double>()> measure)
        : waiting_(count), measure_(std::move(measure)) {}

    double next(std::size_t which) {
        if (waiting_[which].empty()) {
            const std::vector<double> found = measure_();
            for (std::size_t i = 0; i < waiting_.size(); ++i) {
                waiting_[i].push_back(found.at(i));
            }
        }
        const double value = waiting_[which].front();
        waiting_[which].pop_front();
        return value;
    }

  private:
    std::vector<std::deque<double>> waiting_;
    std::function<std::vector<double>()> measure_;
};

}  // namespace

benchmark::internal::Benchmark* add(const std::string& name, std::function<void(benchmark::State&)> measure) {
    const auto guarded = [measure = std::move(measure)](benchmark::State& state) {
        try {
            measure(state);
        } catch (const std::exception& failure) {
            state.SkipWithError(failure.what());
            while (state.KeepRunning()) {  // not once; but the library wants to be asked
            }
        }
    };
    return benchmark::RegisterBenchmark(name.c_str(), guarded)->UseManualTime();
}

void add_together(const std::vector<std::string>& names, std::function<std::vector<double>()> measure) {
    const auto shared = std::make_shared<Shared>(names.size(), std::move(measure));
    for (std::size_t i = 0; i < names.size(); ++i) {
        add(names[i], [shared, i](benchmark::State& state) {
            for (auto _ : state) {
                state.SetIterationTime(shared->next(i));
            }
        })->Iterations(1);
    }
}

int run(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}

}  // namespace bench
