// SHA-256 of any message, and the choice of the compression function for this CPU.
#pragma once

#include "tools/pc1/bytes.h"
#include "tools/pc1/sha256_kernels.h"

#include <cstdint>
#include <span>
#include <vector>

namespace pc1 {

// Every implementation that this CPU can run and that gives the same results as the portable one, fastest
// first, the portable one last. Tested at the first call, the same ever after; thread-safe.
[[nodiscard]] const std::vector<const Sha256Kernel*>& sha256_kernels();

// The first of them.
[[nodiscard]] const Sha256Kernel& best_sha256_kernel();

// The same compression, but finish_label does as the proofs library, to predict its time: it computes the
// schedule of every block anew, keeps the state in memory between its turns, and fetches nothing for later
// calls (`soon` is not looked at).
[[nodiscard]] const Sha256Kernel& upstream_sha256_kernel(const Sha256Kernel& kernel = best_sha256_kernel());

// A digest built up piece by piece. Use one object for one message.
class Sha256 {
  public:
    explicit Sha256(const Sha256Kernel& kernel = best_sha256_kernel()) : kernel_(&kernel) {}

    Sha256& update(std::span<const std::uint8_t> data);

    // Ends the message.
    [[nodiscard]] Bytes32 finish();

  private:
    void absorb(const std::uint8_t* data, std::size_t blocks);

    const Sha256Kernel* kernel_;
    std::array<std::uint32_t, 8> state_ = std::to_array(kSha256InitialState);
    std::array<std::uint8_t, 64> partial_{};  // bytes that do not fill a block yet
    std::uint64_t length_ = 0;                // bytes taken so far
};

}  // namespace pc1
