// The folder that keeps the layers of one sector, under the names that sealers use, and from which a later
// run reads those that are complete.
//
// A layer is complete if the manifest there names it and its file has the size of a layer and the SHA-256
// that the manifest says. Nothing has its name before it is complete. One process at a time uses a folder.
#pragma once

#include "tools/common/fd.h"
#include "tools/pc1/manifest.h"
#include "tools/pc1/sha256.h"
#include "tools/pc1/unfinished.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>
#include <vector>

namespace pc1 {

// A layer that the manifest names is not there as it should be. what() is where and why.
class LayerSpoilt : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// first <= last, counted from 1.
struct LayerRange {
    std::uint32_t first = 1;
    std::uint32_t last = 1;
};

class OutputFolder {
  public:
    // Called every few MiB; an exception from it ends the reading or the writing.
    using OnBytes = std::function<void(std::uint64_t bytes_done)>;

    // For these layers, as far as they are not there yet. Creates the folder if it is missing; it goes with
    // this object if it is still empty then. Removes what a killed run has left unfinished. `sha256` makes
    // the digests.
    //
    // Throws BadInput, and has changed nothing, if the folder cannot be created or written to, has no room,
    // is in use by another process, holds layers of another sector, or holds one of these layers without
    // naming it in its manifest: that file may be a sealer's.
    OutputFolder(std::filesystem::path folder, const SectorIdentity& sector, LayerRange layers,
                 const Sha256Kernel& sha256 = best_sha256_kernel());

    // The manifest there makes no sense: no layer is named, and those that are there will be replaced.
    [[nodiscard]] bool is_garbled() const { return garbled_; }

    // Whether the manifest names it; nobody has looked at its file yet.
    [[nodiscard]] bool names_layer(std::uint32_t number) const { return manifest_.digests.contains(number); }

    [[nodiscard]] std::filesystem::path path_of(std::uint32_t number) const;

    // Fills `labels`, which have the size of a layer, with one that is named, and returns its digest. Throws
    // LayerSpoilt; what `labels` hold then is of no use.
    [[nodiscard]] Bytes32 read_layer(std::uint32_t number, std::span<std::uint8_t> labels,
                                     const OnBytes& on_bytes) const;

    // Writes a layer to the disk, replacing one that is there, and returns its digest. Throws
    // std::runtime_error, with a message for the user, and has replaced nothing then.
    Bytes32 write_layer(std::uint32_t number, std::span<const std::uint8_t> labels, const OnBytes& on_bytes);

  private:
    struct Stock {
        std::uint64_t layers = 0;  // of those wanted: named, and of the right size
        std::vector<std::filesystem::path> unfinished;
    };

    bool open_and_lock();
    void read_manifest();
    [[nodiscard]] Stock take_stock(LayerRange wanted) const;
    void require_room(LayerRange wanted, const Stock& stock) const;

    std::filesystem::path path_;
    Manifest manifest_;
    bool garbled_ = false;
    const Sha256Kernel* sha256_;
    NewFolders new_folders_;
    tools::Fd lock_;
};

}  // namespace pc1
