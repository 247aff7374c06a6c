#include "bench/support/buffer.h"

#include "bench/support/benchmarks.h"
#include "bench/support/cpus.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

namespace bench {
namespace {

constexpr std::size_t kLargestPage = 1UL << 30;

[[noreturn]] void fail(const std::string& what) {
    throw Missing(what + ": " + std::strerror(errno));
}

std::unique_ptr<UnnamedFile> file_for(Pages pages, std::size_t bytes) {
    return is_hugetlb(pages) ? std::make_unique<UnnamedFile>(pages, bytes) : nullptr;
}

}  // namespace

UnnamedFile::UnnamedFile(Pages pages, std::size_t bytes) {
    const auto folder = hugetlb_folder(pages);
    if (bytes % bytes_of(pages) != 0) {
        throw Missing(text_of_bytes(bytes) + " isn't whole pages of " + name_of(pages));
    }
    if (free_pages(pages) < bytes / bytes_of(pages)) {
        throw Missing("needs " + std::to_string(bytes / bytes_of(pages)) + " free pages of " +
                      name_of(pages) + ", there are " + std::to_string(free_pages(pages)));
    }
    std::string name = folder / "hugepage-bench-XXXXXX";
    fd_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd_ < 0) {
        fail("create " + name);
    }
    ::unlink(name.c_str());
    if (::ftruncate(fd_, static_cast<off_t>(bytes)) != 0) {
        const int code = errno;
        ::close(fd_);
        errno = code;
        fail("a file of " + text_of_bytes(bytes) + " in " + folder.string());
    }
}

UnnamedFile::~UnnamedFile() {
    ::close(fd_);
}

Space::Space(std::size_t bytes) : whole_bytes_(bytes + kLargestPage), bytes_(bytes) {
    whole_ = ::mmap(nullptr, whole_bytes_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (whole_ == MAP_FAILED) {
        fail("address space of " + text_of_bytes(whole_bytes_));
    }
    const auto at = reinterpret_cast<std::uintptr_t>(whole_);
    begin_ = reinterpret_cast<std::byte*>((at + kLargestPage - 1) / kLargestPage * kLargestPage);
}

Space::~Space() {
    ::munmap(whole_, whole_bytes_);
}

void Space::map(Pages pages, int fd, std::size_t offset, std::size_t length, int more_flags) const {
    const int kind = is_hugetlb(pages) ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    const off_t at = is_hugetlb(pages) ? static_cast<off_t>(offset) : 0;
    if (::mmap(begin_ + offset, length, PROT_READ | PROT_WRITE, MAP_FIXED | kind | more_flags, fd, at) ==
        MAP_FAILED) {
        fail("mmap of " + text_of_bytes(length) + " on pages of " + name_of(pages));
    }
    if (!is_hugetlb(pages) &&
        ::madvise(begin_ + offset, length, pages == Pages::kThp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) != 0 &&
        pages == Pages::kThp) {  // a kernel without them has nothing against memory without them
        fail("madvise(MADV_HUGEPAGE)");
    }
}

Buffer::Buffer(Pages pages, std::size_t bytes) : pages_(pages), space_(bytes) {
    if (pages == Pages::kThp && thp_mode() == "never") {
        throw Missing(
            "needs transparent huge pages: write madvise to /sys/kernel/mm/transparent_hugepage/enabled");
    }
    const auto file = file_for(pages, bytes);
    if (!file) {
        expect_available(bytes);
    }
    space_.map(pages, file ? file->fd() : -1, 0, bytes);
    crew().run(crew().size(), [&](std::size_t i) {
        const Share share = share_of(bytes, i, crew().size(), bytes_of(pages));
        for (std::size_t at = 0; at < share.length; at += bytes_of(pages)) {
            *static_cast<volatile std::byte*>(begin() + share.begin + at) = std::byte{1};
        }
    });
    expect_pages();
}

void Buffer::expect_pages() const {
    bench::expect_pages(begin(), bytes(), pages_, stay_on_one_node().node.value);
}

std::size_t buffer_bytes() {
    constexpr std::size_t kDefault = 64UL << 20;
    const char* const text = std::getenv("BENCH_BYTES");
    return text == nullptr ? kDefault : std::strtoull(text, nullptr, 0);
}

}  // namespace bench
