#include "tests/hugetlb/storm/client/buffer.h"

#include "tests/hugetlb/storm/client/report.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace storm {
namespace {

constexpr std::size_t kPage = 4096;
constexpr int kRoundBits = 36;
constexpr int kThreadBits = 4;
constexpr std::uint64_t kStep =
    0x9e3779b97f4a7c15;  // from word to word, so that no two of a buffer are alike

using Word = std::uint64_t;

Word word_at(std::uint64_t mark, std::size_t offset) {
    return mark + offset / sizeof(Word) * kStep;
}

void expect_done(const char* call, int result) {
    if (result != 0) {
        violation("%s: %s", call, std::strerror(errno));
    }
}

}  // namespace

std::uint64_t mark_of(pid_t process, std::size_t thread, std::uint64_t round) {
    return ((static_cast<std::uint64_t>(process) << kThreadBits | thread) << kRoundBits) |
           (round & ((1UL << kRoundBits) - 1));
}

Buffer::Buffer(std::size_t bytes, bool shared, std::uint64_t mark)
    : bytes_(bytes), to_(bytes), shared_(shared), mark_(mark) {
    const int flags = MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (memory == MAP_FAILED) {
        violation("mmap of %zu bytes: %s", bytes, std::strerror(errno));
    }
    base_ = static_cast<char*>(memory);
    expect_zero(0, bytes, "fresh");
    fill(0, bytes);
}

Buffer::~Buffer() {
    unmap(from_, to_);
}

void Buffer::fill(std::size_t from, std::size_t to) {
    auto* words = reinterpret_cast<Word*>(base_ + from);
    Word value = word_at(mark_, from);
    for (std::size_t i = 0; i < (to - from) / sizeof(Word); ++i) {
        words[i] = value;
        value += kStep;
    }
}

void Buffer::expect_zero(std::size_t from, std::size_t to, const char* when) const {
    const auto* words = reinterpret_cast<const Word*>(base_ + from);
    const std::size_t count = (to - from) / sizeof(Word);
    Word any = 0;
    for (std::size_t i = 0; i < count; ++i) {
        any |= words[i];
    }
    if (any != 0) {
        const auto at = static_cast<std::size_t>(
            std::find_if(words, words + count, [](Word w) { return w != 0; }) - words);
        violation("%s memory of %zu bytes at %p isn't zero: at %zu it reads %#lx", when, bytes_,
                  static_cast<void*>(base_), from + at * sizeof(Word), words[at]);
    }
}

void Buffer::verify(std::size_t from, std::size_t to, const char* when) const {
    const auto* words = reinterpret_cast<const Word*>(base_ + from);
    const std::size_t count = (to - from) / sizeof(Word);
    Word value = word_at(mark_, from);
    Word wrong = 0;
    for (std::size_t i = 0; i < count; ++i) {
        wrong |= words[i] ^ value;
        value += kStep;
    }
    if (wrong == 0) {
        return;
    }
    std::size_t offset = from;
    while (offset + sizeof(Word) < to &&
           *reinterpret_cast<const Word*>(base_ + offset) == word_at(mark_, offset)) {
        offset += sizeof(Word);
    }
    const Word read = *reinterpret_cast<const Word*>(base_ + offset);
    const Word mark = read - word_at(0, offset);  // if it is another owner's word
    violation(
        "%s, memory of %zu bytes at %p, mark %#lx, reads %#lx at %zu: would be process %lu, thread %lu, "
        "round %lu",
        when, bytes_, static_cast<void*>(base_), mark_, read, offset, mark >> (kRoundBits + kThreadBits),
        mark >> kRoundBits & ((1UL << kThreadBits) - 1), mark & ((1UL << kRoundBits) - 1));
}

void Buffer::verify(const char* when) const {
    verify(from_, to_, when);
}

void Buffer::unmap(std::size_t from, std::size_t to) const {
    if (from < to) {
        expect_done("munmap", ::munmap(base_ + from, to - from));
    }
}

// The begin of a page of what is left, or its end.
std::size_t Buffer::page_within(Random& random) const {
    return from_ + random.below(length() / kPage + 1) * kPage;
}

void Buffer::clear(Random& random) {
    const auto [from, to] = std::minmax({page_within(random), page_within(random)});
    if (from == to) {
        return;
    }
    expect_done("madvise(MADV_DONTNEED)", ::madvise(base_ + from, to - from, MADV_DONTNEED));
    expect_zero(from, to, "cleared");
    fill(from, to);
}

void Buffer::clear_all(std::uint64_t new_mark) {
    expect_done("madvise(MADV_DONTNEED)", ::madvise(begin(), length(), MADV_DONTNEED));
    expect_zero(from_, to_, "cleared");
    mark_ = new_mark;
    fill(from_, to_);
}

void Buffer::trim(Random& random) {
    const std::size_t cut = page_within(random);
    if (random.one_in(2)) {
        unmap(from_, cut);
        from_ = cut;
    } else {
        unmap(cut, to_);
        to_ = cut;
    }
}

void Buffer::shrink(Random& random) {
    const std::size_t end = page_within(random);
    if (end > from_) {
        if (::mremap(begin(), length(), end - from_, 0) != begin()) {
            violation("mremap from %zu to %zu bytes: %s", length(), end - from_, std::strerror(errno));
        }
        to_ = end;
    }
}

// To twice its size, which may be another file's.
void Buffer::grow() {
    const std::size_t before = to_;
    const std::size_t more = length();
    if (more == 0) {
        return;
    }
    void* memory = ::mremap(begin(), more, 2 * more, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED) {
        violation("mremap from %zu to %zu bytes: %s", more, 2 * more, std::strerror(errno));
    }
    base_ = static_cast<char*>(memory) - from_;
    to_ += more;
    bytes_ += more;
    verify(from_, before, "moved");
    expect_zero(before, to_, "grown");
    fill(before, to_);
}

void Buffer::lock() const {
    static_cast<void>(!::mlock(begin(), length()));  // ordinary memory has a limit
    verify("locked");
    expect_done("munlock", ::munlock(begin(), length()));
}

void Buffer::protect() const {
    expect_done("mprotect", ::mprotect(begin(), length(), PROT_READ));
    verify("protected");
    expect_done("mprotect", ::mprotect(begin(), length(), PROT_READ | PROT_WRITE));
}

void Buffer::give_back_in_parts(Random& random) {
    // Around a hole, in which another thread may have memory at once.
    const auto [low, high] = std::minmax({page_within(random), page_within(random)});
    unmap(low, high);
    verify(from_, low, "beside a hole");
    verify(high, to_, "beside a hole");
    if (random.one_in(2)) {
        unmap(from_, low);
        verify(high, to_, "left");
    } else {
        unmap(high, to_);
        verify(from_, low, "left");
        to_ = low;
        return;
    }
    from_ = high;
}

}  // namespace storm
