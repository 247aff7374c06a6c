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

// The rows of a range of nodes in a file that has no name, as the library keeps them in one; read through a
// mapping of 2,048 of them at a time. Not thread-safe.
class MappedParents {
  public:
    // Throws std::system_error.
    MappedParents(const ParentSource& source, NodeRange range, unsigned threads);
    ~MappedParents();
    MappedParents(const MappedParents&) = delete;
    MappedParents& operator=(const MappedParents&) = delete;

    [[nodiscard]] ParentRow row(std::uint64_t node);

  private:
    void map(std::uint64_t window);

    NodeRange range_;
    int file_;
    std::uint64_t window_ = 0;
    const ParentRow* rows_ = nullptr;  // of the window
};

// One thread does all: for each node it fetches the parents' labels into the cache, and hashes them at once.
// `layer` is the second or a later one.
void label_as_upstream(const Layer& layer, NodeRange nodes, const Bytes32& replica_id,
                       MappedParents& parents);

// That of the multicore path, for so many CPUs: labels with label.h's Labeller and upstream_sha256_kernel().
[[nodiscard]] Crew upstream_crew(unsigned cpus);

}  // namespace pc1
