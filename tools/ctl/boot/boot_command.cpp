// hugepagectl boot: systemd units that make the pool as the machine starts.
#include "tools/common/values.h"
#include "tools/common/wording.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/boot/boot.h"
#include "tools/ctl/boot/boot_report.h"
#include "tools/ctl/boot/systemctl.h"
#include "tools/ctl/commands.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace ctl {
namespace {

using tools::ExitCode;

struct BootCommandLine {
    std::string action;
    std::string config = "/etc/hugepage-shim.conf";
    std::vector<std::string> services;
    std::string root;
    bool heap = false;
    bool dry_run = false;
    bool json = false;

    [[nodiscard]] BootOptions for_boot() const { return {root, config, services, heap}; }
};

void check(BootCommandLine& options) {
    if (options.action != "install" && options.action != "remove" && options.action != "show") {
        tools::refuse(
            fmt::format("'{}' is no action; write install, remove or show.", printable(options.action)));
    }
    const auto only_for = [&](bool is_given, const char* option, const char* action) {
        if (is_given && options.action != action) {
            tools::refuse(fmt::format("{} is for {} alone.", option, action));
        }
    };
    only_for(options.heap, "--heap", "install");
    if (options.heap && options.services.empty()) {
        tools::refuse("--heap needs --service: which one is to have that library.");
    }
    if (options.action == "show" && (options.dry_run || !options.services.empty())) {
        tools::refuse("show takes neither --service nor --dry-run.");
    }
    for (std::string& service : options.services) {
        service = service_name(service);
    }
    if (!options.config.starts_with('/')) {
        tools::refuse("--config: a whole path is needed: the file is read at each boot.");
    }
    if (!options.root.empty()) {
        std::error_code error;
        options.root = std::filesystem::canonical(options.root, error).string();
        if (error || !std::filesystem::is_directory(options.root, error)) {
            tools::refuse("--root: there is no such folder.");
        }
        options.root = options.root == "/" ? "" : options.root;
    }
}

BootReport report_of(const BootCommandLine& options, std::vector<UnitChange> changes) {
    BootReport report;
    report.action = options.action;
    report.root = options.root;
    report.config = options.config;
    report.changes = std::move(changes);
    std::vector<UnitFile> staying;
    for (const UnitChange& change : report.changes) {
        if (change.kind != UnitChange::Kind::remove) {
            staying.push_back(change.file);
        }
    }
    report.services = services_of(staying);
    return report;
}

void note_missing(BootReport& report, const BootRequest& request) {
    std::vector<std::string> needed = {request.program};
    for (const Sealer& sealer : request.sealers) {
        needed.push_back(sealer.library);
        if (unit_text_of(sealer.service, report.root).empty()) {
            report.notes.push_back(
                fmt::format("There is no {} yet: what it will preload is unknown.", sealer.service));
        }
    }
    std::ranges::sort(needed);
    needed.erase(std::unique(needed.begin(), needed.end()), needed.end());
    for (const std::string& path : needed) {
        std::error_code ignored;
        if (!std::filesystem::exists(report.root + path, ignored)) {
            report.notes.push_back(
                fmt::format("{} isn't there: install it before the next boot.", report.root + path));
        }
    }
}

void note_what_follows(BootReport& report) {
    const bool has_services = !report.services.empty();
    report.notes.push_back(
        fmt::format("At each boot {} makes what {} says{}.", kBootService, report.config,
                    has_services ? fmt::format(", before {} starts", fmt::join(report.services, ", "))
                                 : "; no sealer's unit waits for it (--service NAME)"));
    if (report.root.empty() && systemd_runs()) {
        std::string now = fmt::format("systemctl start {}", kBootService);
        if (has_services) {
            now += fmt::format(" && systemctl restart {}", fmt::join(report.services, " "));
        }
        report.notes.push_back("Without waiting for the next: " + now);
    }
}

ExitCode finish(const BootCommandLine& options, BootReport& report) {
    const bool reloads = options.root.empty() && systemd_runs() && !changes_nothing(report.changes);
    if (options.dry_run) {
        auto commands = commands_of(report.changes, options.root);
        if (reloads) {
            commands.emplace_back("systemctl daemon-reload");
        }
        if (options.json) {
            auto json = boot_json(report);
            json["commands"] = commands;
            print(as_json("boot", json));
        } else {
            print(commands.empty() ? "# nothing to do\n" : fmt::format("{}\n", fmt::join(commands, "\n")));
        }
        return ExitCode::done;
    }
    make_changes(report.changes, options.root);
    report.is_done = true;
    if (reloads) {
        reload_systemd();
    }
    print(options.json ? as_json("boot", boot_json(report)) : boot_text(report));
    return ExitCode::done;
}

ExitCode install(const BootCommandLine& options) {
    const auto installed = installed_units(options.root);
    const BootRequest request = boot_request(options.for_boot(), installed);
    BootReport report = report_of(options, changes_to(boot_units(request), installed, options.root));
    note_missing(report, request);
    note_what_follows(report);
    return finish(options, report);
}

ExitCode remove(const BootCommandLine& options) {
    const auto installed = installed_units(options.root);
    std::vector<UnitFile> staying;
    std::vector<std::string> unknown = options.services;
    if (!options.services.empty()) {
        for (const UnitFile& file : installed) {
            const auto service = std::ranges::find_if(
                unknown, [&](const std::string& name) { return drop_in_path(name) == file.path; });
            if (service == unknown.end()) {
                staying.push_back(file);
            } else {
                unknown.erase(service);
            }
        }
    }
    BootReport report = report_of(options, changes_to(staying, installed, options.root));
    for (const std::string& service : unknown) {
        report.notes.push_back(fmt::format("{} has no drop-in of ours.", service));
    }
    if (installed.empty()) {
        report.notes.emplace_back("There is nothing to remove.");
    } else if (options.services.empty()) {
        report.notes.emplace_back("Files and pages stay as they are: 'hugepagectl remove' removes them.");
    }
    return finish(options, report);
}

ExitCode show(const BootCommandLine& options) {
    const auto installed = installed_units(options.root);
    std::vector<UnitChange> changes;
    std::string config_error;
    try {
        changes =
            changes_to(boot_units(boot_request(options.for_boot(), installed)), installed, options.root);
    } catch (const tools::Failure& failure) {
        config_error = failure.what();
        for (const UnitFile& file : installed) {
            changes.push_back({UnitChange::Kind::keep, file, {}});
        }
    }
    BootReport report = report_of(options, std::move(changes));
    report.config_error = config_error;
    if (installed.empty()) {
        report.notes.emplace_back("Nothing is installed.");
    } else if (options.root.empty() && systemd_runs()) {
        report.enabled = unit_state("is-enabled", std::string(kBootService));
        report.active = unit_state("is-active", std::string(kBootService));
    }
    if (!config_error.empty()) {
        report.notes.push_back("What would be installed is unknown: " + config_error);
    } else if (!report.is_as_configured()) {
        report.notes.push_back(fmt::format("'hugepagectl boot install{}' would make it so.",
                                           options.root.empty() ? "" : " --root " + options.root));
    }
    print(options.json ? as_json("boot", boot_json(report)) : boot_text(report));
    return report.is_as_configured() ? ExitCode::done : ExitCode::check_failed;
}

Action chosen_action(BootCommandLine options) {
    check(options);
    return [=] {
        if (options.action == "install") {
            return install(options);
        }
        return options.action == "remove" ? remove(options) : show(options);
    };
}

}  // namespace

void describe_boot(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("boot", "Have systemd make the files at each boot");
    const auto options = std::make_shared<BootCommandLine>();
    app->add_option("ACTION", options->action,
                    "install: write units and enable them\n"
                    "remove: take away what install wrote\n"
                    "show: what is installed, and what would be")
        ->option_text(" ")
        ->required();
    app->add_option("--config", options->config,
                    "What is to be made, as for 'setup --config'; it is\n"
                    "read at each boot. Default: /etc/hugepage-shim.conf")
        ->option_text("FILE");
    app->add_option("--service", options->services,
                    "A sealer's service: waits for the files, preloads the\n"
                    "shim. May be given again. Default: for install those\n"
                    "that have it, for remove everything")
        ->option_text("NAME")
        ->allow_extra_args(false);
    app->add_flag("--heap", options->heap,
                  "These services preload libhugepage_shim_heap.so, for\n"
                  "PC1 on a single core. Default: libhugepage_shim.so");
    app->add_option("--root", options->root,
                    "Folder of a system that isn't running, such as an\n"
                    "image. Default: this system")
        ->option_text("DIR");
    app->add_flag("--dry-run", options->dry_run, "Change nothing; print the commands that would do it");
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    app->footer(
        "Only files that install wrote are replaced or removed; the first line of each\n"
        "says so.\n"
        "\n"
        "Example:\n"
        "  sudo cp /usr/share/doc/hugepage-shim/examples/hugepage-shim.conf /etc\n"
        "  sudo hugepagectl boot install --service lotus-worker.service\n"
        "\n"
        "Exit status: 0 done, or all as configured; 4 show found it otherwise;\n"
        "5 no permission.");
    app->callback([options, &chosen] { chosen = chosen_action(*options); });
}

}  // namespace ctl
