#include "tests/support/pool_fixture.h"

#include "tests/support/mount_namespace.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace tests {
namespace {

int make_file(const std::filesystem::path& path, std::uint64_t bytes) {
    std::filesystem::create_directories(path.parent_path());
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(bytes)) != 0) {
        throw std::runtime_error("create " + path.string() + ": " + std::strerror(errno));
    }
    return fd;
}

}  // namespace

void PrintTo(const PageKind& kind, std::ostream* out) {
    *out << kind.name;
}

Pool::Pool(const PageKind& kind) {
    if (!kind.is_huge()) {
        if (!std::filesystem::is_directory("/dev/shm")) {
            missing_ = "needs a tmpfs at /dev/shm";
            return;
        }
        root_ = std::make_unique<TempDir>("/dev/shm");
        path_ = root_->path();
        return;
    }
    missing_ = enter_own_mount_namespace();
    if (!missing_.empty()) {
        return;
    }
    root_ = std::make_unique<TempDir>();
    std::filesystem::permissions(root_->path(), std::filesystem::perms(0755));
    path_ = root_->path() / "huge";
    std::filesystem::create_directory(path_);
    guardian_ = std::make_unique<Guardian>(std::vector<std::string>{
        "--pages", std::to_string(kind.page_bytes), std::to_string(kind.pool_bytes / kind.page_bytes), "any",
        "--mount", path_.string(), "mode=0755"});
    missing_ = guardian_->problem();
}

std::filesystem::path Pool::add(const std::string& name, std::uint64_t bytes, int node) const {
    const auto path = path_ / ("numa_" + std::to_string(node)) / name;
    const int fd = make_file(path, bytes);
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
        throw std::runtime_error("map " + path.string() + ": " + std::strerror(errno));
    }
    std::memset(memory, 0xa5, bytes);
    ::munmap(memory, bytes);
    ::close(fd);
    return path;
}

std::filesystem::path Pool::add_sparse(const std::string& name, std::uint64_t bytes, int node) const {
    const auto path = path_ / ("numa_" + std::to_string(node)) / name;
    ::close(make_file(path, bytes));
    return path;
}

bool is_leased(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    const int error = ::flock(fd, LOCK_SH | LOCK_NB) == 0 ? 0 : errno;  // EBADF if it can't be opened
    ::close(fd);
    if (error != 0 && error != EWOULDBLOCK) {
        throw std::runtime_error("lock " + file.string() + ": " + std::strerror(error));
    }
    return error == EWOULDBLOCK;
}

}  // namespace tests
