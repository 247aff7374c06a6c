// How long a program takes that does nothing (/bin/true), from its start to its end, with a library
// preloaded: an empty one, which is the least there can be, and the shim without and with its variables.
//
//   start/no library|an empty library|the shim, no variables|the shim, with variables
#include <benchmark/benchmark.h>
#include <spawn.h>

#include <sys/wait.h>

#include <array>
#include <string>
#include <vector>

namespace {

using Variables = std::vector<std::string>;

void start(benchmark::State& state, Variables variables) {
    std::vector<char*> environment;
    for (auto& each : variables) {
        environment.push_back(each.data());
    }
    environment.push_back(nullptr);
    std::string program = "/bin/true";
    std::array<char*, 2> arguments{program.data(), nullptr};
    for (auto _ : state) {
        pid_t child = 0;
        int status = -1;
        if (::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environment.data()) !=
                0 ||
            ::waitpid(child, &status, 0) != child || status != 0) {
            state.SkipWithError("/bin/true doesn't run");
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::string empty = "LD_PRELOAD=" EMPTY_LIBRARY;
    const std::string shim = "LD_PRELOAD=" SHIM_LIBRARY;
    // What is there is looked for at the first request that a file could serve, and /bin/true has none.
    const std::string files = "HUGEPAGE_FILES_PATH=/dev/shm";
    const std::pair<const char*, Variables> variants[] = {{"no library", {}},
                                                          {"an empty library", {empty}},
                                                          {"the shim, no variables", {shim}},
                                                          {"the shim, with variables", {shim, files}}};
    for (const auto& [name, variables] : variants) {
        benchmark::RegisterBenchmark((std::string("start/") + name).c_str(), start, variables)->UseRealTime();
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
        return 2;
    }
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
