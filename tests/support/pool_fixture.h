// A pool of memory files that a preloaded program can be pointed at, on real huge pages or on tmpfs.
#pragma once

#include "tests/support/child_process.h"
#include "tests/support/guardian.h"
#include "tests/support/temp_dir.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

namespace tests {

struct PageKind {
    const char* name;          // of the test's variant
    std::uint64_t page_bytes;  // the machine's: tmpfs, which needs no rights and no reserved pages
    std::uint64_t pool_bytes;  // how much of it the test may fill

    [[nodiscard]] bool is_huge() const { return page_bytes >= 2UL << 20; }
};

// How gtest shows it.
void PrintTo(const PageKind& kind, std::ostream* out);

inline const PageKind kTmpfs{"Tmpfs", static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)), 64UL << 20};
inline constexpr PageKind kHuge2M{"Huge2M", 2UL << 20, 64UL << 20};

// A mounted folder, of that size, that vanishes with the test. Mounts are made in a mount namespace of the
// test program's own, so they end with it however it ends.
class Pool {
  public:
    explicit Pool(const PageKind& kind);
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Why there is no pool, for GTEST_SKIP; or empty.
    [[nodiscard]] const std::string& missing() const { return missing_; }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

    // numa_<node>/<name>, fully allocated and filled with 0xa5, as a former owner might have left it; mode
    // 0600.
    std::filesystem::path add(const std::string& name, std::uint64_t bytes, int node = 0) const;
    // The same with a hole in it.
    std::filesystem::path add_sparse(const std::string& name, std::uint64_t bytes, int node = 0) const;

  private:
    std::string missing_;
    std::unique_ptr<TempDir> root_;
    std::unique_ptr<Guardian> guardian_;  // of the pages and the mount
    std::filesystem::path path_;
};

// Whether the file is leased by anybody at this moment. Throws if it can't be opened.
[[nodiscard]] bool is_leased(const std::filesystem::path& file);

}  // namespace tests
