// Running the probe with the shim preloaded.
#pragma once

#include "tests/preload/environment.h"
#include "tests/support/child_process.h"
#include "tests/support/pool_fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

namespace tests {

inline constexpr std::uint64_t kFileBytes = 8UL << 20;  // four pages of 2 MiB
inline const bool kSanitized = !std::string_view(SANITIZER).empty();
// How the probe describes memory that was not served.
inline const std::string kOrdinary = "anonymous " + std::to_string(::sysconf(_SC_PAGESIZE) / 1024) + "kB";
inline const std::string kAnonymous = "memory: " + kOrdinary + "\n";

inline std::string bytes(std::uint64_t count) {
    return std::to_string(count);
}

// A pool of one kind of pages, and programs that use it.
class PoolTest : public testing::TestWithParam<PageKind> {
  protected:
    void SetUp() override {
        if (!pool_.missing().empty()) {
            GTEST_SKIP() << pool_.missing();
        }
    }

    [[nodiscard]] Environment environment(const Environment& more = {}) const {
        Environment result = preloaded(more);
        result.try_emplace("HUGEPAGE_FILES_PATH", pool_.path().string());
        return result;
    }
    [[nodiscard]] Outcome probe(const std::string& scenario, const Environment& more = {},
                                const std::string& argument = "") const {
        return run({PROBE, scenario, bytes(kFileBytes), argument}, environment(more));
    }

    // How the probe describes memory that was served.
    [[nodiscard]] std::string served() const {
        return "file " + std::to_string(GetParam().page_bytes / 1024) + "kB";
    }

    Pool pool_{GetParam()};
};

// With one file in it.
class OneFileTest : public PoolTest {
  protected:
    void SetUp() override {
        PoolTest::SetUp();
        if (!IsSkipped()) {
            file_ = pool_.add("file", kFileBytes);
        }
    }

    std::filesystem::path file_;
};

inline std::string name_of_kind(const testing::TestParamInfo<PageKind>& kind) {
    return kind.param.name;
}

}  // namespace tests
