#include "tools/ctl/boot/boot.h"

#include "tools/common/failure.h"
#include "tools/common/mounts.h"
#include "tools/common/values.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/boot/unit_text.h"
#include "tools/ctl/program/preload.h"
#include "tools/ctl/setup/setup_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

namespace ctl {
namespace {

namespace fs = std::filesystem;

// For a system that isn't running: any that the configuration can be right on.
Machine any_machine() {
    constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
    Machine machine;
    for (int i = 0; i < hugepage::kMaxNodes; ++i) {
        machine.nodes.push_back({.id = {i}, .cpus = {}, .memory = k1GiB, .memory_free = {}, .pages = {}});
    }
    machine.page_sizes = {{kMiB / 16}, k2MiB, {32 * kMiB}, {512 * kMiB}, k1GiB, {16 * k1GiB.bytes}};
    return machine;
}

bool is_file(const std::string& path) {
    std::error_code ignored;
    return fs::is_regular_file(path, ignored);
}

// The whole path of hugepagectl in the system that is to boot.
std::string program_in(const std::string& root) {
    if (root.empty()) {
        return own_executable();
    }
    const std::string local = "/usr/local/bin/hugepagectl";
    return is_file(root + local) ? local : "/usr/bin/hugepagectl";
}

// The library of that hugepagectl; if it isn't there, where it belongs: in the first folder that is there.
std::string library_in(const std::string& root, const std::string& program, bool heap) {
    const std::vector<std::string> places = library_places(program, heap);
    const auto found =
        std::ranges::find_if(places, [&](const std::string& path) { return is_file(root + path); });
    if (found != places.end()) {
        return preloadable(*found);
    }
    // The first place is that of a build.
    const auto folder = std::find_if(places.begin() + 1, places.end(), [&](const std::string& path) {
        std::error_code ignored;
        return fs::is_directory(fs::path(root + path).parent_path(), ignored);
    });
    return folder != places.end() ? *folder : places.back();
}

// Where hugetlbfs is mounted for this place now, or is to be.
std::string mount_point_of(const std::string& place, const std::string& root) {
    if (!root.empty()) {
        return place;
    }
    tools::Mount nearest;
    for (const tools::Mount& mount : tools::mounts()) {
        const std::string folder = mount.point == "/" ? "/" : mount.point + "/";
        if ((place + "/").starts_with(folder) && mount.point.size() >= nearest.point.size()) {
            nearest = mount;
        }
    }
    return nearest.is_hugetlbfs() ? nearest.point : place;
}

bool has_heap_library(const UnitFile& drop_in) {
    return drop_in.content.find(kHeapLibrary) != std::string::npos;
}

}  // namespace

std::string service_name(const std::string& text) {
    std::string name = text.ends_with(".service") ? text : text + ".service";
    if (!is_service_name(name) || name == kBootService) {
        throw tools::Failure(
            tools::ExitCode::usage,
            fmt::format("--service: '{}' is no sealer's service; write it like lotus-worker.service.",
                        printable(text)));
    }
    return name;
}

std::vector<std::string> services_of(const std::vector<UnitFile>& installed) {
    constexpr std::string_view kSuffix = ".d";
    std::vector<std::string> services;
    for (const UnitFile& file : installed) {
        const fs::path path(file.path);
        const std::string folder = path.parent_path().filename().string();
        if (path.filename() == kDropInName && folder.ends_with(kSuffix)) {
            services.push_back(folder.substr(0, folder.size() - kSuffix.size()));
        }
    }
    return services;
}

BootRequest boot_request(const BootOptions& options, const std::vector<UnitFile>& installed) {
    const bool is_here = options.root.empty();
    const Machine machine = is_here ? read_machine() : any_machine();
    const SetupRequest setup = read_setup_config(options.root + options.config, machine, is_here);

    BootRequest request;
    request.program = program_in(options.root);
    request.config = options.config;
    request.place = setup.place;
    const std::string pattern(setup.files.pattern.text());
    const bool is_folder =
        pattern == fmt::format("{}/numa_{}", setup.place, hugepage::FilePattern::kPlaceholder);
    request.variable = is_folder ? "HUGEPAGE_FILES_PATH" : "HUGEPAGE_FILES_PATH_PATTERN";
    request.value = is_folder ? setup.place : pattern;
    request.page_size = setup.page_size;
    const std::string mount = mount_point_of(setup.place, options.root);
    if (!is_mounted_by_others(mount, options.root)) {
        request.mount = mount;
    }

    std::vector<std::string> services = services_of(installed);
    std::vector<std::string> named;
    for (const std::string& service : options.services) {
        named.push_back(service_name(service));
    }
    services.insert(services.end(), named.begin(), named.end());
    std::ranges::sort(services);
    services.erase(std::unique(services.begin(), services.end()), services.end());
    for (const std::string& service : services) {
        const bool is_named = std::ranges::find(named, service) != named.end();
        const auto before = std::ranges::find(installed, drop_in_path(service), &UnitFile::path);
        const bool heap = is_named ? options.heap : has_heap_library(*before);
        request.sealers.push_back({service, library_in(options.root, request.program, heap),
                                   preloaded_by(unit_text_of(service, options.root))});
    }
    return request;
}

}  // namespace ctl
