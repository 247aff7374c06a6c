// Writing a layer: room first, then a temporary name, then the name.
#include "tools/pc1/layer_file.h"

#include "tools/pc1/sector.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace pc1 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{8} << 20;

[[noreturn]] void fail(const std::string& tried, const fs::path& path, int reason) {
    throw std::runtime_error(tried + " " + path.string() + ": " + std::strerror(reason));
}

// The folder itself, or the one in which its first missing part would be created.
fs::path nearest_existing(const fs::path& folder) {
    fs::path path = fs::absolute(folder);
    std::error_code ignored;
    while (!fs::exists(path, ignored) && path.has_relative_path()) {
        path = path.parent_path();
    }
    return path;
}

// A file that is removed unless keep() gives it its final name.
class TemporaryFile {
  public:
    explicit TemporaryFile(fs::path path)
        : path_(std::move(path)), fd_(open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
        if (fd_ < 0) {
            fail("create", path_, errno);
        }
    }
    ~TemporaryFile() {
        if (fd_ >= 0) {
            close(fd_);
        }
        if (!kept_) {
            unlink(path_.c_str());
        }
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    void append(std::span<const std::uint8_t> bytes) {
        while (!bytes.empty()) {
            const ssize_t written = write(fd_, bytes.data(), bytes.size());
            if (written < 0 && errno == EINTR) {
                continue;
            }
            if (written < 0) {
                fail("write", path_, errno);
            }
            bytes = bytes.subspan(static_cast<std::size_t>(written));
        }
    }

    void keep(const fs::path& name) {
        if (close(std::exchange(fd_, -1)) != 0) {
            fail("write", path_, errno);
        }
        if (rename(path_.c_str(), name.c_str()) != 0) {
            fail("rename to", name, errno);
        }
        kept_ = true;
    }

  private:
    fs::path path_;
    int fd_;
    bool kept_ = false;
};

}  // namespace

void prepare_output_folder(const fs::path& folder, std::uint32_t layers, std::uint64_t layer_bytes) {
    const fs::path existing = nearest_existing(folder);
    struct statvfs room {};
    if (statvfs(existing.c_str(), &room) != 0) {
        fail("look for room in", existing, errno);
    }
    const std::uint64_t free_bytes = std::uint64_t{room.f_bavail} * room.f_frsize;
    if (layer_bytes > free_bytes / layers) {
        throw std::runtime_error("no room in " + folder.string() + " for " + std::to_string(layers) +
                                 " layers of " + size_text(layer_bytes) + ": only " + size_text(free_bytes) +
                                 " are free");
    }
    std::error_code error;
    fs::create_directories(folder, error);
    if (!error && !fs::is_directory(folder, error) && !error) {
        error = std::make_error_code(std::errc::not_a_directory);
    }
    if (error) {
        throw std::runtime_error("create folder " + folder.string() + ": " + error.message());
    }
}

fs::path write_layer(const fs::path& folder, std::uint32_t number, std::span<const std::uint8_t> labels,
                     const OnBytesWritten& on_bytes_written) {
    const fs::path name = folder / ("sc-02-data-layer-" + std::to_string(number) + ".dat");
    TemporaryFile file(name.string() + ".tmp");
    for (std::size_t done = 0; done < labels.size();) {
        const std::size_t now = std::min(kPiece, labels.size() - done);
        file.append(labels.subspan(done, now));
        done += now;
        on_bytes_written(done);
    }
    file.keep(name);
    return name;
}

}  // namespace pc1
