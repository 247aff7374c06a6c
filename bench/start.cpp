// How much longer a program takes that does nothing (/bin/true), from its start to its end, with a library
// preloaded: an empty one, which is the least there can be, and the shim without and with its variables.
//
//   start EMPTY_LIBRARY SHIM FILES_PATH [ROUNDS]
//
// Each round starts every variant once, in turn, so that other work on the machine strikes all alike. Printed
// are the medians, and the median of each round's ratio to the start without a library.

#include <spawn.h>

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

struct Variant {
    const char* name;
    std::vector<std::string> environment;
    std::vector<double> microseconds{};
};

double run(Variant& variant) {
    std::vector<char*> environment;
    for (auto& entry : variant.environment) {
        environment.push_back(entry.data());
    }
    environment.push_back(nullptr);
    std::string program = "/bin/true";
    std::array<char*, 2> arguments{program.data(), nullptr};
    const auto begin = std::chrono::steady_clock::now();
    pid_t child = 0;
    int status = -1;
    if (::posix_spawn(&child, program.c_str(), nullptr, nullptr, arguments.data(), environment.data()) != 0 ||
        ::waitpid(child, &status, 0) != child || status != 0) {
        std::fprintf(stderr, "%s: %s doesn't run\n", variant.name, program.c_str());
        std::exit(1);
    }
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return *middle;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fputs("usage: start EMPTY_LIBRARY SHIM FILES_PATH [ROUNDS]\n", stderr);
        return 2;
    }
    const std::string preload = "LD_PRELOAD=";
    std::array variants{Variant{"no library", {}}, Variant{"an empty library", {preload + argv[1]}},
                        Variant{"the shim, no variables", {preload + argv[2]}},
                        Variant{"the shim, with variables",
                                {preload + argv[2], std::string("HUGEPAGE_FILES_PATH=") + argv[3]}}};
    const std::size_t rounds = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 200;
    for (std::size_t round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < variants.size(); ++i) {
            Variant& variant = variants[(round + i) % variants.size()];
            variant.microseconds.push_back(run(variant));
        }
    }
    for (const Variant& variant : variants) {
        std::vector<double> ratios;
        for (std::size_t round = 0; round < rounds; ++round) {
            ratios.push_back(variant.microseconds[round] / variants[0].microseconds[round]);
        }
        std::printf("%-26s %6.0f us, %.3f times as long\n", variant.name, median(variant.microseconds),
                    median(ratios));
    }
    return 0;
}
