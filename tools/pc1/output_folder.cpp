// What is looked at before a folder is used; reading and writing layers piece by piece.
#include "tools/pc1/output_folder.h"

#include "tools/pc1/bad_input.h"
#include "tools/pc1/room.h"
#include "tools/pc1/sector.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace pc1 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = std::size_t{4} << 20;

std::string failure(const char* tried, const fs::path& path) {
    return std::string(tried) + " " + path.string() + ": " + std::strerror(errno);
}

std::uint64_t bytes_on_disk(const fs::path& file) {
    constexpr std::uint64_t kBlock = 512;
    struct stat facts {};
    return lstat(file.c_str(), &facts) == 0 ? static_cast<std::uint64_t>(facts.st_blocks) * kBlock : 0;
}

bool has_size(const fs::path& file, std::uint64_t bytes) {
    std::error_code error;
    return fs::file_size(file, error) == bytes && !error;
}

void write_manifest(const fs::path& folder, const Manifest& manifest) {
    const std::string text = to_json(manifest);
    UnfinishedFile file(folder / kManifestName);
    file.append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    file.sync();
    file.keep();
}

}  // namespace

OutputFolder::OutputFolder(fs::path folder, const SectorIdentity& sector, LayerRange layers,
                           const Sha256Kernel& sha256)
    : path_(std::move(folder)), manifest_{.sector = sector, .digests = {}}, sha256_(&sha256) {
    if (open_and_lock()) {
        read_manifest();
        const Stock stock = take_stock(layers);
        require_room(layers, stock);
        for (const fs::path& path : stock.unfinished) {
            unlink(path.c_str());
        }
        return;
    }
    require_room(layers, {});
    try {
        new_folders_.make(fs::absolute(path_));
    } catch (const std::system_error& error) {
        throw BadInput(error.what());
    }
    open_and_lock();
}

// False if it does not exist.
bool OutputFolder::open_and_lock() {
    lock_ = tools::Fd(open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (lock_.get() < 0 && errno == ENOENT) {
        return false;
    }
    if (lock_.get() < 0) {
        throw BadInput(failure("open folder", path_));
    }
    // There are file systems that cannot lock a folder; on those the user has to see to it.
    if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        throw BadInput("another process is writing layers to " + path_.string());
    }
    if (faccessat(AT_FDCWD, path_.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
        throw BadInput(failure("write to folder", path_));
    }
    return true;
}

// If there is one.
void OutputFolder::read_manifest() {
    const fs::path path = path_ / kManifestName;
    if (!fs::exists(path)) {
        return;
    }
    if (!fs::is_regular_file(path)) {
        throw BadInput(path.string() + " is no file; choose another folder");
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw BadInput(failure("read", path));
    }
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto manifest = manifest_from_json(text);
    if (!manifest) {
        garbled_ = true;
        return;
    }
    if (const auto different = differences(manifest->sector, manifest_.sector); !different.empty()) {
        throw BadInput(path_.string() + " holds layers of another sector (different: " + different +
                       "); choose another folder, or remove the files of that one");
    }
    manifest_ = std::move(*manifest);
}

// By what is in the folder: more layers may be wanted than could be tried one by one.
OutputFolder::Stock OutputFolder::take_stock(LayerRange wanted) const {
    Stock stock;
    for (const auto& entry : fs::directory_iterator(path_)) {
        const fs::path& path = entry.path();
        if (path.extension() == kUnfinished &&
            (path.stem() == kManifestName || layer_of_file_name(path.stem().string()))) {
            stock.unfinished.push_back(path);
            continue;
        }
        const auto number = layer_of_file_name(path.filename().string());
        if (!number || *number < wanted.first || *number > wanted.last) {
            continue;
        }
        if (names_layer(*number)) {
            stock.layers += has_size(path, manifest_.sector.sector_size) ? 1U : 0U;
        } else if (!garbled_) {
            throw BadInput(path.string() + " is in the way, and may be a sealer's: no " + kManifestName +
                           " there names it; choose another folder, or remove that file");
        }
    }
    return stock;
}

void OutputFolder::require_room(LayerRange wanted, const Stock& stock) const {
    std::uint64_t available = free_bytes(path_);
    for (const fs::path& path : stock.unfinished) {
        available += bytes_on_disk(path);
    }
    const std::uint64_t layers = std::uint64_t{wanted.last} - wanted.first + 1 - stock.layers;
    const std::uint64_t layer_bytes = manifest_.sector.sector_size;
    if (layers > 0 && layer_bytes > available / layers) {
        throw BadInput("no room in " + path_.string() + " for " + std::to_string(layers) +
                       (layers == 1 ? " layer of " : " layers of ") + size_text(layer_bytes) + ": only " +
                       size_text(available) + " are free");
    }
}

fs::path OutputFolder::path_of(std::uint32_t number) const {
    return path_ / layer_file_name(number);
}

Bytes32 OutputFolder::read_layer(std::uint32_t number, std::span<std::uint8_t> labels,
                                 const OnBytes& on_bytes) const {
    const fs::path path = path_of(number);
    // A pipe of that name is not waited for.
    const tools::Fd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    struct stat facts {};
    if (file.get() < 0 || fstat(file.get(), &facts) != 0) {
        throw LayerSpoilt(failure("open", path));
    }
    if (!S_ISREG(facts.st_mode) || static_cast<std::uint64_t>(facts.st_size) != labels.size()) {
        throw LayerSpoilt(path.string() + " is no file of " + size_text(labels.size()));
    }
    Sha256 hash(*sha256_);
    for (std::size_t done = 0; done < labels.size();) {
        const auto piece = labels.subspan(done, std::min(kPiece, labels.size() - done));
        const ssize_t got = read(file.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            throw LayerSpoilt(got < 0 ? failure("read", path) : path.string() + " ends too soon");
        }
        const auto count = static_cast<std::size_t>(got);
        hash.update(piece.first(count));
        done += count;
        on_bytes(done);
    }
    const Bytes32 digest = hash.finish();
    if (digest != manifest_.digests.at(number)) {
        throw LayerSpoilt(path.string() + " has not the SHA-256 that " + kManifestName + " says");
    }
    return digest;
}

// The manifest names the layer before it has its name: whenever this process ends, there is no layer that is
// not named.
Bytes32 OutputFolder::write_layer(std::uint32_t number, std::span<const std::uint8_t> labels,
                                  const OnBytes& on_bytes) {
    UnfinishedFile file(path_of(number));
    Sha256 hash(*sha256_);
    for (std::size_t done = 0; done < labels.size();) {
        const auto piece = labels.subspan(done, std::min(kPiece, labels.size() - done));
        hash.update(piece);
        file.append(piece);
        done += piece.size();
        on_bytes(done);
    }
    file.sync();
    const Bytes32 digest = hash.finish();
    Manifest manifest = manifest_;
    manifest.digests[number] = digest;
    write_manifest(path_, manifest);
    manifest_ = std::move(manifest);
    file.keep();
    return digest;
}

}  // namespace pc1
