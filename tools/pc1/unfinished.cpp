// Temporary names, and what happens to them.
#include "tools/pc1/unfinished.h"

#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace pc1 {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const char* tried, const fs::path& path, int reason) {
    throw std::runtime_error(std::string(tried) + " " + path.string() + ": " + std::strerror(reason));
}

tools::Fd create(const fs::path& path) {
    unlink(path.c_str());
    tools::Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (file.get() < 0) {
        fail("create", path, errno);
    }
    return file;
}

// Not every file system knows how to sync a folder; then there is nothing else to do.
void sync_folder(const fs::path& folder) {
    const tools::Fd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    fsync(fd.get());
}

}  // namespace

UnfinishedFile::UnfinishedFile(const fs::path& name)
    : name_(name), path_(name.string() + kUnfinished), fd_(create(path_)) {}

UnfinishedFile::~UnfinishedFile() {
    if (!kept_) {
        unlink(path_.c_str());
    }
}

void UnfinishedFile::append(std::span<const std::uint8_t> bytes) {
    const std::uint64_t before = length_;
    while (!bytes.empty()) {
        const ssize_t written = write(fd_.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            fail("write", path_, errno);
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        length_ += static_cast<std::uint64_t>(written);
    }
    // A hint, so that sync() has little left to wait for. Should it fail, sync() says why.
    sync_file_range(fd_.get(), static_cast<off64_t>(before), static_cast<off64_t>(length_ - before),
                    SYNC_FILE_RANGE_WRITE);
}

void UnfinishedFile::sync() {
    if (fsync(fd_.get()) != 0 || close(fd_.release()) != 0) {
        fail("write", path_, errno);
    }
}

void UnfinishedFile::keep() {
    if (rename(path_.c_str(), name_.c_str()) != 0) {
        fail("rename to", name_, errno);
    }
    kept_ = true;
    sync_folder(name_.parent_path());
}

NewFolders::~NewFolders() {
    for (; !made_.empty(); made_.pop_back()) {
        rmdir(made_.back().c_str());
    }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the path
void NewFolders::make(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
        return;
    }
    if (path.has_relative_path()) {
        make(path.parent_path());
    }
    made_.reserve(made_.size() + 1);
    fs::path own = path;
    if (fs::create_directory(path, error)) {
        made_.push_back(std::move(own));
    } else if (error) {
        throw std::system_error(error, "create folder " + path.string());
    }
}

}  // namespace pc1
