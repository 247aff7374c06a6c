// A file descriptor with an owner.
#pragma once

#include "shim/base/result.h"
#include "shim/base/sys.h"

#include <utility>

namespace hugepage {

// Which file a descriptor is. An inode's number may be reused, so not all of it is of the inode.
struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    dev_t special_device = 0;
    mode_t kind = 0;  // 0: unknown

    FileId() noexcept = default;
    explicit FileId(const struct stat& facts) noexcept
        : device(facts.st_dev),
          inode(facts.st_ino),
          special_device(facts.st_rdev),
          kind(facts.st_mode & S_IFMT) {}
    // Out of line: the stack of a request is small.
    [[nodiscard, gnu::noinline]] static FileId of(int fd) noexcept {
        struct stat facts {};
        return fd >= 0 && sys::fstat(fd, facts) == 0 ? FileId(facts) : FileId();
    }

    [[nodiscard]] bool is_known() const noexcept { return kind != 0; }
    bool operator==(const FileId&) const = default;
};

// Move-only; closes what it holds. Another thread may close all descriptors, as closefrom does, and the
// number may be reused: then it is somebody else's, and stays open. errno is not kept by the destructor.
class Fd {
  public:
    Fd() noexcept = default;
    explicit Fd(int fd) noexcept : Fd(fd, FileId::of(fd)) {}
    Fd(Fd&& other) noexcept : Fd(std::exchange(other.fd_, -1), other.file_) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(file_, other.file_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() {
        const FileId now = FileId::of(fd_);
        if (fd_ >= 0 && (now == file_ || !now.is_known() || !file_.is_known())) {
            sys::close(fd_);
        }
    }

    // A path that isn't absolute begins at the folder.
    static Result<Fd> open(const char* path, int flags, mode_t mode = 0, int folder = AT_FDCWD) noexcept {
        Fd file(sys::open(path, flags, mode, folder));
        if (file.get() < 0) {
            return Error{"open", errno};
        }
        return file;
    }
    // The file's facts are asked once; all zero, and errno says why, if they can't be had.
    static Result<Fd> open(const char* path, int flags, mode_t mode, int folder,
                           struct stat& facts) noexcept {
        const int fd = sys::open(path, flags, mode, folder);
        if (fd < 0) {
            return Error{"open", errno};
        }
        sys::fstat(fd, facts);
        return Fd(fd, FileId(facts));
    }

    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] const FileId& file() const noexcept { return file_; }
    // Whether the number is still that of the file that it was given for.
    [[nodiscard]] bool has_its_file() const noexcept {
        const FileId now = FileId::of(fd_);
        return now.is_known() && now == file_;
    }

  private:
    Fd(int fd, const FileId& file) noexcept : fd_(fd), file_(file) {}

    int fd_ = -1;
    FileId file_;
};

}  // namespace hugepage
