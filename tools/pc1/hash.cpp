// SHA-256: padding and buffering around the compression function, its portable form, which is the reference
// for the other, and the choice between them.
#include "tools/pc1/hash.h"

#if defined(PC1_X86_64)
#include <cpuid.h>
#elif defined(PC1_AARCH64)
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <bit>
#include <utility>

namespace pc1 {
namespace {

std::uint32_t load_be32(const std::uint8_t* from) {
    return static_cast<std::uint32_t>(from[0]) << 24 | static_cast<std::uint32_t>(from[1]) << 16 |
           static_cast<std::uint32_t>(from[2]) << 8 | static_cast<std::uint32_t>(from[3]);
}

std::uint32_t big_sigma0(std::uint32_t x) {
    return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22);
}
std::uint32_t big_sigma1(std::uint32_t x) {
    return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25);
}
std::uint32_t small_sigma0(std::uint32_t x) {
    return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3);
}
std::uint32_t small_sigma1(std::uint32_t x) {
    return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10);
}
std::uint32_t choose(std::uint32_t e, std::uint32_t f, std::uint32_t g) {
    return g ^ (e & (f ^ g));
}
std::uint32_t majority(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return (a & b) | (c & (a | b));
}

// The eight working variables; instead of moving them down one place after each round, round i finds variable
// k (0 = a) in place (k - i) mod 8.
using Working = std::array<std::uint32_t, 8>;

template <std::size_t Round>
[[gnu::always_inline]] inline void one_round(Working& v, std::uint32_t addend) {
    constexpr auto place = [](std::size_t variable) { return (variable + 64 - Round) % 8; };
    const std::uint32_t e = v[place(4)];
    const std::uint32_t a = v[place(0)];
    const std::uint32_t t1 = v[place(7)] + big_sigma1(e) + choose(e, v[place(5)], v[place(6)]) + addend;
    v[place(3)] += t1;
    v[place(7)] = t1 + big_sigma0(a) + majority(a, v[place(1)], v[place(2)]);
}

template <std::size_t... Rounds>
[[gnu::always_inline]] inline void eight_rounds(Working& v, const std::uint32_t* addends,
                                                std::index_sequence<Rounds...> /*rounds*/) {
    (one_round<Rounds>(v, addends[Rounds]), ...);
}

// The message schedule of a block, each word with its round's constant.
using Schedule = std::array<std::uint32_t, 64>;

void expand(Schedule& schedule, const std::uint8_t* first_half, const std::uint8_t* second_half) {
    Schedule w;
    for (std::size_t i = 0; i < 8; ++i) {
        w[i] = load_be32(first_half + 4 * i);
        w[8 + i] = load_be32(second_half + 4 * i);
    }
    for (std::size_t i = 16; i < w.size(); ++i) {
        w[i] = small_sigma1(w[i - 2]) + w[i - 7] + small_sigma0(w[i - 15]) + w[i - 16];
    }
    for (std::size_t i = 0; i < w.size(); ++i) {
        schedule[i] = w[i] + kSha256RoundConstants[i];
    }
}

void compress(std::uint32_t* state, const Schedule& schedule) {
    Working v;
    std::copy_n(state, v.size(), v.begin());
    for (std::size_t i = 0; i < schedule.size(); i += 8) {
        eight_rounds(v, schedule.data() + i, std::make_index_sequence<8>{});
    }
    for (std::size_t i = 0; i < v.size(); ++i) {
        state[i] += v[i];
    }
}

void absorb(std::uint32_t* state, const std::uint8_t* const* halves, std::size_t blocks) {
    Schedule schedule;
    for (; blocks > 0; --blocks, halves += 2) {
        expand(schedule, halves[0], halves[1]);
        compress(state, schedule);
    }
}

void store_label(const std::uint32_t* state, std::uint8_t* label) {
    for (std::size_t i = 0; i < 8; ++i) {
        store_be(label + 4 * i, state[i]);
    }
    label[31] &= 0x3f;
}

void finish_label(const std::uint32_t* words, const CyclicMessage& message, const std::uint8_t* const* soon,
                  std::uint8_t* label) {
    std::array<Schedule, kMostBlocksInTurn> kept;
    std::array<std::uint32_t, 8> state;
    std::copy_n(words, state.size(), state.begin());
    for (std::size_t block = 0; block < message.blocks; ++block) {
        Schedule& schedule = kept[block % message.blocks_in_turn];
        if (block < message.blocks_in_turn) {
            prefetch_half(soon[2 * block]);
            prefetch_half(soon[2 * block + 1]);
            expand(schedule, message.halves[2 * block], message.halves[2 * block + 1]);
        }
        compress(state.data(), schedule);
    }
    absorb(state.data(), message.last, 1);
    store_label(state.data(), label);
}

template <const Sha256Kernel& kKernel>
void finish_label_as_upstream(const std::uint32_t* words, const CyclicMessage& message,
                              const std::uint8_t* const* /*soon*/, std::uint8_t* label) {
    std::array<std::uint32_t, 8> state;
    std::copy_n(words, state.size(), state.begin());
    for (std::size_t left = message.blocks; left > 0;) {
        const std::size_t turn = std::min(left, message.blocks_in_turn);
        kKernel.absorb(state.data(), message.halves, turn);
        left -= turn;
    }
    kKernel.absorb(state.data(), message.last, 1);
    store_label(state.data(), label);
}

template <const Sha256Kernel& kKernel>
const Sha256Kernel& as_upstream() {
    static const Sha256Kernel kernel{kKernel.name, kKernel.absorb, finish_label_as_upstream<kKernel>};
    return kernel;
}

constexpr std::size_t kBlock = 64;

// Both functions, one after the other, against the portable kernel's, on blocks without pattern.
bool agrees_with_portable(const Sha256Kernel& kernel) {
    std::array<const std::uint8_t*, 2 * kMostBlocksInTurn> halves{};
    for (std::size_t i = 0; i < halves.size(); ++i) {
        halves[i] = reinterpret_cast<const std::uint8_t*>(kSha256RoundConstants) + 16 * i;
    }
    const CyclicMessage message{.halves = halves.data(),
                                .blocks_in_turn = kMostBlocksInTurn,
                                .blocks = 2 * kMostBlocksInTurn + 4,
                                .last = {halves.front(), halves.back()}};
    const auto label_by = [&](const Sha256Kernel& of) {
        auto state = std::to_array(kSha256InitialState);
        of.absorb(state.data(), halves.data(), kMostBlocksInTurn);
        Bytes32 label{};
        of.finish_label(state.data(), message, halves.data(), label.data());
        return label;
    };
    return label_by(kernel) == label_by(kSha256Portable);
}

// Whether the CPU, and the system, has the instructions of the other kernel: on x86-64 SHA-NI, with the SSSE3
// and SSE4.1 that its use needs; on aarch64 the SHA-2 instructions of ARMv8.
bool has_instructions() {
#if defined(PC1_X86_64)
    constexpr unsigned kExtendedFeatures = 7;
    constexpr unsigned kShaBit = 1U << 29;
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    return __get_cpuid_count(kExtendedFeatures, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & kShaBit) != 0 &&
           static_cast<bool>(__builtin_cpu_supports("ssse3")) &&
           static_cast<bool>(__builtin_cpu_supports("sse4.1"));
#elif defined(PC1_AARCH64)
    return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
#else
    return false;
#endif
}

}  // namespace

const Sha256Kernel kSha256Portable{"portable", absorb, finish_label};

const std::vector<const Sha256Kernel*>& sha256_kernels() {
    static const auto kernels = [] {
        std::vector<const Sha256Kernel*> usable{&kSha256Portable};
#if defined(PC1_X86_64) || defined(PC1_AARCH64)
        if (has_instructions() && agrees_with_portable(kSha256Instructions)) {
            usable.insert(usable.begin(), &kSha256Instructions);
        }
#endif
        return usable;
    }();
    return kernels;
}

const Sha256Kernel& best_sha256_kernel() {
    return *sha256_kernels().front();
}

const Sha256Kernel& upstream_sha256_kernel([[maybe_unused]] const Sha256Kernel& kernel) {
#if defined(PC1_X86_64) || defined(PC1_AARCH64)
    if (&kernel == &kSha256Instructions) {
        return as_upstream<kSha256Instructions>();
    }
#endif
    return as_upstream<kSha256Portable>();
}

void Sha256::absorb(const std::uint8_t* data, std::size_t blocks) {
    for (; blocks > 0; --blocks, data += kBlock) {
        const std::uint8_t* const halves[] = {data, data + kBlock / 2};
        kernel_->absorb(state_.data(), halves, 1);
    }
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
        absorb(partial_.data(), 1);
    }
    const std::size_t blocks = data.size() / kBlock;
    absorb(data.data(), blocks);
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
