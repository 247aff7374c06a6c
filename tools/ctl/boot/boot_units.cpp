#include "tools/ctl/boot/boot_units.h"

#include "shim/core/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/wording.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/base/parts.h"
#include "tools/ctl/boot/unit_text.h"

#include <fmt/format.h>

namespace ctl {
namespace {

constexpr std::size_t kLongestName = 255;

void require_tellable(const std::string& path) {
    const std::string shown = printable(path);
    const std::string slashed = path + "/";
    if (shown != path || path.ends_with(' ') || path.ends_with('\\')) {
        tools::refuse(fmt::format(
            "tell systemd of '{}': paths must be UTF-8, without control characters, and must not end in a "
            "blank or backslash.",
            shown));
    }
    if (!path.starts_with('/') || slashed.find("/./") != std::string::npos ||
        slashed.find("/../") != std::string::npos) {
        tools::refuse(
            fmt::format("tell systemd of '{}': paths must be absolute, without . and .. in them.", shown));
    }
}

UnitFile mount_unit(const BootRequest& request) {
    const std::string name = unit_name_of(request.mount) + ".mount";
    if (name.size() > kLongestName) {
        tools::refuse(fmt::format("tell systemd of '{}': the unit's name would be longer than {} characters.",
                                  request.mount, kLongestName));
    }
    return {fmt::format("{}/{}", kUnitFolder, name),
            fmt::format("{}\n"
                        "[Unit]\n"
                        "Description=Huge pages of {} for sealers\n"
                        "\n"
                        "[Mount]\n"
                        "What=hugetlbfs\n"
                        "Where={}\n"
                        "Type=hugetlbfs\n"
                        "Options=pagesize={},mode=0755,nosuid,nodev,noexec\n",
                        kMark, tools::page_size_text(*request.page_size), unit_value(request.mount),
                        tools::mount_size_text(*request.page_size))};
}

UnitFile setup_service(const BootRequest& request) {
    return {fmt::format("{}/{}", kUnitFolder, kBootService),
            fmt::format("{}\n"
                        "[Unit]\n"
                        "Description=Huge page files for sealers\n"
                        "Documentation=man:hugepagectl(8)\n"
                        "# Early: the less has run, the more huge pages are to be had.\n"
                        "DefaultDependencies=no\n"
                        "Conflicts=shutdown.target\n"
                        "Before=shutdown.target\n"
                        "After=local-fs.target systemd-sysctl.service nss-user-lookup.target\n"
                        "RequiresMountsFor={}\n"
                        "\n"
                        "[Service]\n"
                        "Type=oneshot\n"
                        "# There is no ExecStop: files outlive a restart of this unit. `hugepagectl remove` "
                        "removes them.\n"
                        "RemainAfterExit=yes\n"
                        "ExecStart={} setup --config {}\n"
                        "# 3: fewer files than wanted, for lack of pages. Those are served.\n"
                        "SuccessExitStatus=3\n"
                        "# A TiB takes minutes.\n"
                        "TimeoutStartSec=30min\n"
                        "UMask=0022\n"
                        "# Nothing here may give the service a mount namespace of its own (PrivateTmp=, "
                        "ProtectSystem= and so\n"
                        "# on would): what it mounts is for all.\n"
                        "NoNewPrivileges=yes\n"
                        "CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER "
                        "CAP_IPC_LOCK CAP_KILL "
                        "CAP_SYS_ADMIN CAP_SYS_NICE CAP_SYS_PTRACE CAP_SYS_RESOURCE\n"
                        "RestrictAddressFamilies=AF_UNIX AF_NETLINK\n"
                        "RestrictRealtime=yes\n"
                        "LockPersonality=yes\n"
                        "MemoryDenyWriteExecute=yes\n"
                        "SystemCallArchitectures=native\n"
                        "\n"
                        "[Install]\n"
                        "WantedBy=multi-user.target\n",
                        kMark, unit_word(request.place), unit_argument(request.program),
                        unit_argument(request.config))};
}

UnitFile enabling_link() {
    return {fmt::format("{}/multi-user.target.wants/{}", kUnitFolder, kBootService),
            fmt::format("{}/{}", kUnitFolder, kBootService), true};
}

UnitFile drop_in(const BootRequest& request, const Sealer& sealer) {
    // Ours first: the heap variant must come before another allocator.
    const std::string preload = sealer.other_preload.empty()
                                    ? sealer.library
                                    : fmt::format("{}:{}", sealer.library, sealer.other_preload);
    return {drop_in_path(sealer.service),
            fmt::format("{}\n"
                        "[Unit]\n"
                        "# Wants, not Requires: without memory files a sealer seals all the same, on "
                        "ordinary memory, and\n"
                        "# the shim's log says why.\n"
                        "Wants={}\n"
                        "After={}\n"
                        "\n"
                        "[Service]\n"
                        "Environment={}\n"
                        "Environment={}\n",
                        kMark, kBootService, kBootService, unit_word(fmt::format("LD_PRELOAD={}", preload)),
                        unit_word(fmt::format("{}={}", request.variable, request.value)))};
}

// The value of a quoted or bare word that begins here, as systemd reads it; as far as LD_PRELOAD needs it.
std::string word_at(std::string_view text, char quote) {
    const std::string_view end = quote != '\0' ? std::string_view(&quote, 1) : std::string_view(" \t");
    return std::string(text.substr(0, text.find_first_of(end)));
}

}  // namespace

std::string drop_in_path(std::string_view service) {
    return fmt::format("{}/{}.d/{}", kUnitFolder, service, kDropInName);
}

std::vector<UnitFile> boot_units(const BootRequest& request) {
    for (const std::string& path : {request.program, request.config, request.place, request.value}) {
        require_tellable(path);
    }
    std::vector<UnitFile> files;
    if (!request.mount.empty() && request.page_size) {
        require_tellable(request.mount);
        files.push_back(mount_unit(request));
    }
    files.push_back(setup_service(request));
    for (const Sealer& sealer : request.sealers) {
        require_tellable(sealer.library);
        files.push_back(drop_in(request, sealer));
    }
    files.push_back(enabling_link());
    return files;
}

std::string preloaded_by(std::string_view unit_text) {
    constexpr std::string_view kKey = "Environment=";
    constexpr std::string_view kName = "LD_PRELOAD=";
    std::string found;
    for_each_part(unit_text, '\n', [&](std::string_view part) {
        const std::string_view line = hugepage::trimmed(part);
        if (line == kKey) {
            found.clear();  // an empty assignment takes back all before
        }
        const std::size_t at = line.find(kName);
        if (!line.starts_with(kKey) || at == std::string_view::npos) {
            return;
        }
        const char before = line[at - 1];
        const bool is_quoted = before == '"' || before == '\'';
        if (is_quoted || before == '=' || before == ' ' || before == '\t') {
            found = word_at(line.substr(at + kName.size()), is_quoted ? before : '\0');
        }
    });
    return found;
}

}  // namespace ctl
