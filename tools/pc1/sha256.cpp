// SHA-256: padding and buffering around the compression function, its choice and its self-test.
#include "tools/pc1/sha256.h"

#include "tools/pc1/cpu.h"

#include <algorithm>
#include <utility>

namespace pc1 {
namespace {

constexpr std::size_t kBlock = 64;

// Both functions against the portable kernel's, on blocks without pattern.
bool agrees_with_portable(const Sha256Kernel& kernel) {
    constexpr std::size_t kBlocks = kMostBlocksInTurn + 1;
    std::array<std::uint8_t, kBlocks * kBlock> bytes{};
    std::uint32_t noise = 1;
    for (auto& byte : bytes) {
        noise = noise * 1664525 + 1013904223;
        byte = static_cast<std::uint8_t>(noise >> 24);
    }
    std::array<const std::uint8_t*, 2 * kBlocks> halves{};
    for (std::size_t i = 0; i < halves.size(); ++i) {
        halves[i] = bytes.data() + 32 * i;
    }
    const CyclicMessage message{.halves = halves.data(),
                                .blocks_in_turn = kMostBlocksInTurn,
                                .blocks = 2 * kMostBlocksInTurn + 4,
                                .last = {halves[3], halves[15]}};
    const auto both_results = [&](const Sha256Kernel& of) {
        auto state = std::to_array(kSha256InitialState);
        of.absorb(state.data(), bytes.data(), kBlocks);
        Bytes32 label{};
        of.finish_label(state.data(), message, halves.data(), label.data());
        return std::pair(state, label);
    };
    return both_results(kernel) == both_results(kSha256Portable);
}

struct Candidate {
    const Sha256Kernel* kernel;
    bool cpu_can_run_it;
};

std::vector<const Sha256Kernel*> usable_kernels() {
    const Candidate candidates[] = {
#ifdef PC1_X86_64
        {&kSha256Shani, cpu::has_sha()},
#endif
#ifdef PC1_AARCH64
        {&kSha256Armv8, cpu::has_sha()},
#endif
        {&kSha256Portable, true}};
    std::vector<const Sha256Kernel*> usable;
    for (const auto& [kernel, cpu_can_run_it] : candidates) {
        if (cpu_can_run_it && agrees_with_portable(*kernel)) {
            usable.push_back(kernel);
        }
    }
    return usable;
}

}  // namespace

const std::vector<const Sha256Kernel*>& sha256_kernels() {
    static const auto kernels = usable_kernels();
    return kernels;
}

const Sha256Kernel& best_sha256_kernel() {
    return *sha256_kernels().front();
}

Sha256& Sha256::update(std::span<const std::uint8_t> data) {
    const std::size_t held = length_ % kBlock;
    length_ += data.size();
    if (held > 0) {
        const std::size_t taken = std::min(kBlock - held, data.size());
        std::copy_n(data.begin(), taken, partial_.begin() + static_cast<std::ptrdiff_t>(held));
        data = data.subspan(taken);
        if (held + taken < kBlock) {
            return *this;
        }
        kernel_->absorb(state_.data(), partial_.data(), 1);
    }
    const std::size_t blocks = data.size() / kBlock;
    kernel_->absorb(state_.data(), data.data(), blocks);
    std::ranges::copy(data.subspan(blocks * kBlock), partial_.begin());
    return *this;
}

Bytes32 Sha256::finish() {
    const std::uint64_t bits = 8 * length_;
    constexpr std::size_t kLengthField = 8;
    std::array<std::uint8_t, kBlock + kLengthField> padding{0x80};
    const std::size_t held = length_ % kBlock;
    const std::size_t zeros_end = (held < kBlock - kLengthField ? kBlock : 2 * kBlock) - kLengthField - held;
    store_be(padding.data() + zeros_end, bits);
    update(std::span(padding).first(zeros_end + kLengthField));

    Bytes32 digest{};
    for (std::size_t i = 0; i < state_.size(); ++i) {
        store_be(digest.data() + 4 * i, state_[i]);
    }
    return digest;
}

}  // namespace pc1
