// Labelling as filecoin-proofs 19 does it, to predict its time: the same reads in the same order, and no
// cleverer than it is. The labels are the same as label.h's.
#pragma once

#include "tools/pc1/graph.h"
#include "tools/pc1/label.h"

#include <cstdint>

namespace pc1 {

enum class Path {
    kSingleCore,  // the library's default
    kMulticore,   // FIL_PROOFS_USE_MULTICORE_SDR=1
};

[[nodiscard]] constexpr const char* name_of(Path path) {
    return path == Path::kMulticore ? "multicore" : "single-core";
}

// The rows of a range of nodes in a file that has no name, as the library keeps those of a sector in one.
class ParentFile : public ParentSource {
  public:
    // `threads` >= 1 threads compute the rows. Throws std::system_error.
    ParentFile(const ParentSource& source, NodeRange range, unsigned threads);
    ~ParentFile() override;
    ParentFile(const ParentFile&) = delete;
    ParentFile& operator=(const ParentFile&) = delete;

    // As the multicore path reads it. No nodes but those of the range may be asked for.
    void parents(std::uint64_t first, std::size_t count, ParentRow* rows) const override;

    // As the single-core path reads it: through a mapping of 2,048 rows at a time. Not thread-safe.
    [[nodiscard]] ParentRow row(std::uint64_t node);

  private:
    explicit ParentFile(NodeRange range);  // empty; once it has ended, the destructor gives all back
    void map_window(std::uint64_t window);

    NodeRange range_;
    std::uint64_t windows_;
    int file_;
    ParentRow* rows_ = nullptr;  // all of them
    std::uint64_t window_ = 0;
    const ParentRow* in_window_ = nullptr;
};

// The single-core path. One thread does all: for each node it fetches the parents' labels into the cache, and
// hashes them at once.
void label_as_upstream(const Layer& layer, NodeRange nodes, const Bytes32& replica_id, ParentFile& parents);

// The multicore path, for so many CPUs: labels with label.h's Labeller and upstream_sha256_kernel().
[[nodiscard]] Crew upstream_crew(unsigned cpus);

// Reads and writes what labelling these nodes would, without hashing: for a labelling that goes on from
// there, the caches hold then what they hold in the middle of a layer.
void walk(const Layer& layer, NodeRange nodes, const ParentSource& parents);

}  // namespace pc1
