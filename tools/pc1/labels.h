// Labelling one layer of a sector (section 6 of the SDR specification).
#pragma once

#include "tools/pc1/bytes.h"
#include "tools/pc1/layer.h"
#include "tools/pc1/parent_source.h"
#include "tools/pc1/sha256_kernels.h"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace pc1 {

// Every label is hashed into the next one, so there is one hashing thread, the caller's. Producers find and
// compute all that it needs beside the label before; without producers it does so itself.
struct Crew {
    unsigned producers = 1;
    std::size_t lookahead = 2048;  // nodes that may be ready and wait, 640 bytes each
    std::size_t stride = 128;      // nodes that a producer takes at a time; at most the lookahead
};

// Called on the hashing thread every few thousand nodes; an exception from it ends the labelling.
using OnLabelled = std::function<void(std::uint64_t nodes_done)>;

// Holds what stays the same from layer to layer. Thread-safe, each thread labelling a layer of its own.
class Labeller {
  public:
    // Source and kernel must outlive it.
    Labeller(const Bytes32& replica_id, const ParentSource& parents, const Sha256Kernel& kernel,
             const Crew& crew);

    // Labels before the first of `nodes` must be there; all others come out the same whatever was there.
    // Throws what the source of parents throws, and std::system_error if there are no threads to be had.
    void label(const Layer& layer, NodeRange nodes, const OnLabelled& on_labelled) const;

  private:
    void label_alone(const Layer& layer, NodeRange nodes, const OnLabelled& on_labelled) const;
    void label_with_producers(const Layer& layer, NodeRange nodes, const OnLabelled& on_labelled) const;

    Bytes32 replica_id_;
    const ParentSource* parents_;
    const Sha256Kernel* kernel_;
    Crew crew_;
};

}  // namespace pc1
