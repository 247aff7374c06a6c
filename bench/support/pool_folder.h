// Memory files for a preloaded process, on the hugetlbfs that BENCH_HUGETLBFS names.
#pragma once

#include "tests/support/temp_dir.h"

#include <cstddef>
#include <memory>
#include <string>

namespace bench {

// So many files of one size on the node of stay_on_one_node(), gone with this object or with this program
// however that ends. Throws Missing if there are too few pages.
class PoolFolder {
  public:
    PoolFolder(std::size_t files, std::size_t bytes);

    // For HUGEPAGE_FILES_PATH.
    [[nodiscard]] std::string path() const { return folder_->path() / "all"; }
    // The same for a pool that consists of these of the files.
    [[nodiscard]] std::string part(std::size_t first, std::size_t count) const;

  private:
    std::unique_ptr<tests::TempDir> folder_;
};

}  // namespace bench
