// Programs that know nothing of the shim, run with it preloaded and without, on a pool of 2 MiB huge pages.
#pragma once

#include "tests/support/child_process.h"
#include "tests/support/pool_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tests {

inline constexpr std::uint64_t kMiB = 1UL << 20;
inline constexpr std::uint64_t kFileBytes = 10 * kMiB;  // as much as nothing asks for but the clients
inline const std::string kBytes = std::to_string(kFileBytes);

inline const std::string kShim = SHIM_LIBRARY;
inline const std::string kHeapShim = HEAP_SHIM_LIBRARY;
inline const std::string kSources = CLIENT_SOURCES;

// Something of the distribution's, where CMake has found it, and the package that it comes in.
struct Tool {
    std::string path;  // empty if it isn't there
    std::string package;
};

inline const Tool kPython{PYTHON, "python3"};
inline const Tool kCppClient{CPP_CLIENT, "g++"};

struct Trial {
    Outcome outcome;
    std::string log;

    [[nodiscard]] std::size_t leases() const;
    [[nodiscard]] std::size_t fallbacks() const;
};

// The same program without the shim and with it.
struct Both {
    Trial plain;
    Trial preloaded;
};

using Arguments = std::vector<std::string>;

// A pool of files, each of which has to be free again after the test.
class Clients : public testing::Test {
  protected:
    explicit Clients(std::vector<std::uint64_t> sizes = {kFileBytes, kFileBytes, kFileBytes});
    void SetUp() override;
    void TearDown() override;

    // Fails the test if the tool isn't there.
    [[nodiscard]] Trial try_with(const std::string& libraries, const Tool& tool, const Arguments& arguments,
                                 const Environment& more = {}) const;
    // Both have to succeed and to write the same to stdout, and the plain one isn't served.
    [[nodiscard]] Both compare(const std::string& libraries, const Tool& tool, const Arguments& arguments,
                               const Environment& more = {}) const;

    std::vector<std::uint64_t> sizes_;
    Pool pool_;
    TempDir dir_;
    std::vector<std::filesystem::path> files_;
};

// What the clients tell on stderr that take and release a buffer two times.
inline const std::string kNotServed = "taken 0\nreleased 0\ntaken 0\nreleased 0\n";
inline const std::string kServed = "taken 1\nreleased 0\ntaken 1\nreleased 0\n";

// Both times, from huge pages, and not at all without the shim.
void expect_served(const Both& both);
// Neither time.
void expect_left_alone(const Both& both);

}  // namespace tests
