// The storm's pool, whose files come and go, as an operator's would in years.
#pragma once

#include "tests/hugetlb/storm/random.h"
#include "tools/common/processes.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace storm {

class Files {
  public:
    // Makes them, in `folder`.
    Files(std::filesystem::path folder, std::uint64_t seed);

    // One of them is deleted, replaced, renamed, linked or added, or left with holes for a while. Where there
    // are no huge pages for that, as those of deleted files are in use, nothing comes of it.
    void disturb();

    [[nodiscard]] std::string summary() const;
    // In ascending order: all that there are, and those that have been deleted, as they may still be mapped;
    // except what was made so many files ago that it can't be.
    [[nodiscard]] std::set<tools::FileId> made() const;
    // Names that are leased by anybody, now.
    [[nodiscard]] std::vector<std::string> leased() const;
    // Of the files that there are.
    [[nodiscard]] std::uint64_t bytes() const;
    [[nodiscard]] std::uint64_t changes() const { return deleted_ + replaced_ + added_; }

  private:
    struct Place {
        std::filesystem::path path;
        std::size_t bytes;
    };

    [[nodiscard]] int create(const std::filesystem::path& path, std::size_t bytes);
    [[nodiscard]] bool make(const Place& place);
    [[nodiscard]] bool complete(const std::filesystem::path& path) const;
    void begin(const Place& place);
    void add(const Place& place);
    void change(const Place& place);

    std::filesystem::path folder_;
    Random random_;
    std::vector<Place> places_;
    std::deque<tools::FileId> made_;  // the latest last
    std::uint64_t deleted_ = 0;
    std::uint64_t replaced_ = 0;
    std::uint64_t added_ = 0;
    std::uint64_t moved_ = 0;
    std::uint64_t with_holes_ = 0;
    std::uint64_t without_pages_ = 0;
};

}  // namespace storm
