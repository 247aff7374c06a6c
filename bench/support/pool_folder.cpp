#include "bench/support/pool_folder.h"

#include "bench/support/benchmarks.h"
#include "bench/support/cpus.h"
#include "bench/support/pages.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace bench {
namespace {

void make_file(const std::filesystem::path& path, std::size_t bytes) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool made = fd >= 0 && ::fallocate(fd, 0, 0, static_cast<off_t>(bytes)) == 0;
    const int code = errno;
    ::close(fd);
    if (!made) {
        throw Missing("make " + path.string() + ": " + std::strerror(code));
    }
}

// In the order in which they were made, also for who sorts names.
std::string file_name(std::size_t number) {
    return std::to_string(1'000'000 + number);
}

std::filesystem::path of_node(const std::filesystem::path& path) {
    auto folder = path / ("numa_" + std::to_string(stay_on_one_node().node.value));
    std::filesystem::create_directories(folder);
    return folder;
}

}  // namespace

PoolFolder::PoolFolder(std::size_t files, std::size_t bytes) {
    const auto parent = hugetlb_folder(Pages::k2MiB);
    const std::size_t pages = files * bytes / bytes_of(Pages::k2MiB);
    if (free_pages(Pages::k2MiB) < pages) {
        throw Missing("needs " + std::to_string(pages) + " free pages of 2 MiB, there are " +
                      std::to_string(free_pages(Pages::k2MiB)));
    }
    folder_ = std::make_unique<tests::TempDir>(parent);
    const auto in = of_node(path());
    for (std::size_t i = 0; i < files; ++i) {
        make_file(in / file_name(i), bytes);
    }
}

std::string PoolFolder::part(std::size_t first, std::size_t count) const {
    const auto path = folder_->path() / ("from_" + std::to_string(first));
    const auto in = of_node(path);
    for (std::size_t i = first; i < first + count; ++i) {
        std::filesystem::create_hard_link(of_node(this->path()) / file_name(i), in / file_name(i));
    }
    return path;
}

}  // namespace bench
