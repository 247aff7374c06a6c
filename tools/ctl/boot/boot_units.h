// The systemd units that make the pool as the machine starts, before the sealers. Text only: no system call
// is made here.
#pragma once

#include "shim/core/byte_size.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

inline constexpr std::string_view kUnitFolder = "/etc/systemd/system";
inline constexpr std::string_view kBootService = "hugepage-shim.service";
inline constexpr std::string_view kDropInName = "50-hugepage-shim.conf";
// The first line of each file that is ours to replace and to remove.
inline constexpr std::string_view kMark =
    "# Written by `hugepagectl boot install`; `hugepagectl boot remove` takes it away.";

// A service that is to be served.
struct Sealer {
    std::string service;  // "lotus-worker.service"
    std::string library;  // whole path
    // What the service preloads already, by its own units; empty: nothing.
    std::string other_preload;
};

struct BootRequest {
    std::string program;  // hugepagectl's whole path
    std::string config;   // whole path of the file that setup reads
    std::string place;    // where hugetlbfs is to be: absolute, without idle slashes
    // HUGEPAGE_FILES_PATH or HUGEPAGE_FILES_PATH_PATTERN, and its value.
    std::string variable;
    std::string value;
    // Where to mount, and pages of which size; empty: nowhere, somebody else does, or setup itself, since the
    // size of the pages is left to it.
    std::string mount;
    std::optional<hugepage::ByteSize> page_size;
    std::vector<Sealer> sealers;
};

// A file, or a symbolic link whose target is `content`.
struct UnitFile {
    std::string path;  // absolute, in the system that is to boot
    std::string content;
    bool is_link = false;

    friend bool operator==(const UnitFile&, const UnitFile&) = default;
};

// All of them, in the order in which they are to be written. Throws tools::Failure (usage) where a path can't
// be told to systemd.
[[nodiscard]] std::vector<UnitFile> boot_units(const BootRequest& request);

[[nodiscard]] std::string drop_in_path(std::string_view service);

// What a unit's text, with its drop-ins one after the other, sets LD_PRELOAD to: the last one counts. Empty:
// nothing.
[[nodiscard]] std::string preloaded_by(std::string_view unit_text);

}  // namespace ctl
