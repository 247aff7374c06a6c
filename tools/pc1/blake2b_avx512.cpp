// BLAKE2b, eight messages at a time, compiled for AVX-512; to be used only if cpu::has_avx512().
#include "tools/pc1/blake2b_kernels.h"
#include "tools/pc1/blake2b_mix.h"

namespace pc1 {
namespace {

void heads(const std::uint64_t* first_words, std::uint64_t second_word, std::uint64_t* heads) {
    heads_of_lanes(first_words, second_word, heads);
}

}  // namespace

const Blake2bKernel kBlake2bAvx512{"AVX-512", heads};

}  // namespace pc1
