#include "tools/ctl/boot/boot_files.h"

#include "shim/core/text_file.h"
#include "tools/common/failure.h"
#include "tools/common/fd.h"
#include "tools/common/mounts.h"
#include "tools/common/wording.h"
#include "tools/ctl/base/output.h"
#include "tools/ctl/boot/unit_text.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace ctl {
namespace {

namespace fs = std::filesystem;
using Kind = UnitChange::Kind;

// Where systemd looks for units, first to last; the first of a name counts.
constexpr std::array<std::string_view, 5> kUnitFolders = {kUnitFolder, "/run/systemd/system",
                                                          "/usr/local/lib/systemd/system",
                                                          "/usr/lib/systemd/system", "/lib/systemd/system"};

// The names in a folder, sorted; none where it can't be listed.
std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    static_cast<void>(
        hugepage::for_each_entry(folder.c_str(), [&](std::string_view name) { names.emplace_back(name); }));
    std::ranges::sort(names);
    return names;
}

std::optional<std::string> content_of(const std::string& path) {
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) {
        return std::nullopt;
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw tools::system_failure("read " + printable(path), errno);
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

// The file or link as it is; nothing if there is none.
std::optional<UnitFile> unit_at(const std::string& path, const std::string& root) {
    std::error_code error;
    const fs::file_status status = fs::symlink_status(root + path, error);
    if (fs::is_symlink(status)) {
        return UnitFile{path, fs::read_symlink(root + path, error).string(), true};
    }
    const auto content = fs::is_regular_file(status) ? content_of(root + path) : std::nullopt;
    if (!content && fs::exists(status)) {
        return UnitFile{path, {}, false};
    }
    return content ? std::optional(UnitFile{path, *content, false}) : std::nullopt;
}

bool is_ours(const UnitFile& unit) {
    if (unit.is_link) {
        return unit.path.ends_with(fmt::format(".wants/{}", kBootService)) &&
               fs::path(unit.content).filename() == kBootService;
    }
    return unit.content.starts_with(fmt::format("{}\n", kMark));
}

// A link to our service enables it, however it is written.
bool is_same(const UnitFile& one, const UnitFile& other) {
    return one.is_link == other.is_link && (one.is_link || one.content == other.content);
}

void write_file(const UnitFile& file, const std::string& path) {
    constexpr mode_t kMode = 0644;
    const std::string beside = path + ".new";
    ::unlink(beside.c_str());
    if (file.is_link) {
        if (::symlink(file.content.c_str(), beside.c_str()) != 0) {
            throw tools::system_failure("create the link " + printable(beside), errno);
        }
    } else {
        const tools::Fd fd(
            ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode));
        if (fd.get() < 0) {
            throw tools::system_failure("create " + printable(beside), errno);
        }
        const ssize_t written = ::write(fd.get(), file.content.data(), file.content.size());
        // Whatever the umask is: systemd complains of units that others can't read.
        if (written != static_cast<ssize_t>(file.content.size()) || ::fchmod(fd.get(), kMode) != 0 ||
            ::fsync(fd.get()) != 0) {
            const int error = written >= 0 && errno == 0 ? ENOSPC : errno;
            ::unlink(beside.c_str());
            throw tools::system_failure("write " + printable(beside), error);
        }
    }
    if (::rename(beside.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(beside.c_str());
        throw tools::system_failure("replace " + printable(path), error);
    }
}

void make_folder_of(const std::string& path) {
    std::error_code error;
    fs::create_directories(fs::path(path).parent_path(), error);
    if (error) {
        throw tools::system_failure("create the folder of " + printable(path), error.value());
    }
}

std::string folder_of(const std::string& path) {
    return path.substr(0, path.rfind('/'));
}

// Of drop-ins or links: it goes with the last of them.
bool is_made_for_units(const std::string& folder) {
    return folder.ends_with(".d") || folder.ends_with(".wants");
}

}  // namespace

std::vector<UnitFile> installed_units(const std::string& root) {
    std::vector<UnitFile> found;
    const auto look_at = [&](const std::string& path) {
        const auto unit = unit_at(path, root);
        if (unit && is_ours(*unit)) {
            found.push_back(*unit);
        }
    };
    const std::string folder(kUnitFolder);
    for (const std::string& name : names_in(root + folder)) {
        if (name == kBootService || name.ends_with(".mount")) {
            look_at(folder + "/" + name);
        } else if (name.ends_with(".service.d")) {
            look_at(fmt::format("{}/{}/{}", folder, name, kDropInName));
        } else if (name.ends_with(".wants")) {
            look_at(fmt::format("{}/{}/{}", folder, name, kBootService));
        }
    }
    return found;
}

std::vector<UnitChange> changes_to(const std::vector<UnitFile>& wanted,
                                   const std::vector<UnitFile>& installed, const std::string& root) {
    std::vector<UnitChange> changes;
    for (const UnitFile& file : wanted) {
        const auto there = unit_at(file.path, root);
        if (!there) {
            changes.push_back({Kind::write, file, {}});
        } else if (!is_ours(*there)) {
            throw tools::Failure(
                tools::ExitCode::failed,
                fmt::format("write {}: a file that hugepagectl has not written is there; move it away first.",
                            printable(root + file.path)));
        } else {
            changes.push_back({is_same(*there, file) ? Kind::keep : Kind::replace, file, there->content});
        }
    }
    for (const UnitFile& file : installed) {
        if (std::ranges::find(wanted, file.path, &UnitFile::path) == wanted.end()) {
            changes.push_back({Kind::remove, file, file.content});
        }
    }
    return changes;
}

bool changes_nothing(const std::vector<UnitChange>& changes) {
    return std::ranges::all_of(changes, [](const UnitChange& change) { return change.kind == Kind::keep; });
}

void make_changes(const std::vector<UnitChange>& changes, const std::string& root) {
    for (const UnitChange& change : changes) {
        const std::string path = root + change.file.path;
        if (change.kind == Kind::write || change.kind == Kind::replace) {
            make_folder_of(path);
            write_file(change.file, path);
        } else if (change.kind == Kind::remove) {
            if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
                throw tools::system_failure("remove " + printable(path), errno);
            }
            if (is_made_for_units(folder_of(path))) {
                ::rmdir(folder_of(path).c_str());  // unless somebody else's files are there
            }
        }
    }
}

std::vector<std::string> commands_of(const std::vector<UnitChange>& changes, const std::string& root) {
    std::vector<std::string> commands;
    for (const UnitChange& change : changes) {
        const std::string path = tools::quoted(root + change.file.path);
        const std::string folder = tools::quoted(folder_of(root + change.file.path));
        if (change.kind == Kind::remove) {
            commands.push_back(fmt::format("rm {}", path));
            if (is_made_for_units(folder_of(change.file.path))) {
                commands.push_back(fmt::format("rmdir --ignore-fail-on-non-empty {}", folder));
            }
        } else if (change.kind != Kind::keep && change.file.is_link) {
            commands.push_back(
                fmt::format("mkdir -p {} && ln -sf {} {}", folder, tools::quoted(change.file.content), path));
        } else if (change.kind != Kind::keep) {
            commands.push_back(
                fmt::format("install -D -m 0644 /dev/stdin {} <<'END'\n{}END", path, change.file.content));
        }
    }
    return commands;
}

std::string unit_text_of(std::string_view name, const std::string& root) {
    std::string text;
    for (const std::string_view folder : kUnitFolders) {
        if (const auto content = content_of(fmt::format("{}{}/{}", root, folder, name))) {
            text = *content;
            break;
        }
    }
    for (const std::string_view folder : kUnitFolders) {
        const std::string drop_ins = fmt::format("{}{}/{}.d", root, folder, name);
        for (const std::string& file : names_in(drop_ins)) {
            const auto content = content_of(drop_ins + "/" + file);
            if (content && file.ends_with(".conf") && !content->starts_with(kMark)) {
                text += fmt::format("\n{}", *content);
            }
        }
    }
    return text;
}

bool is_mounted_by_others(const std::string& point, const std::string& root) {
    const std::string name = unit_name_of(point) + ".mount";
    for (const std::string_view folder : kUnitFolders) {
        const auto unit = unit_at(fmt::format("{}/{}", folder, name), root);
        // systemd's generator writes units of /etc/fstab to /run, and of nothing else.
        if (unit && !is_ours(*unit)) {
            return true;
        }
    }
    const auto fstab = tools::mounts(root + "/etc/fstab");
    return std::ranges::find(fstab, point, &tools::Mount::point) != fstab.end();
}

}  // namespace ctl
