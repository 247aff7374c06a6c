// Units as they are installed, and making them so. Paths are those of the system that is to boot; `root` is
// where that system is: empty for this one, else the folder of an image.
#pragma once

#include "tools/ctl/boot/boot_units.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

// What is under systemd's folder and bears our mark, links to the service included.
[[nodiscard]] std::vector<UnitFile> installed_units(const std::string& root);

struct UnitChange {
    enum class Kind {
        keep,     // it is there, and right
        write,    // it isn't there
        replace,  // it is ours, and says something else
        remove,   // it is ours, and no longer wanted
    };
    Kind kind = Kind::keep;
    UnitFile file;       // as it is to be; as it is, if it is to go
    std::string before;  // what is there
};

// What makes the wanted ones of those that are there, in the order in which it is to be done. Throws
// tools::Failure where a file that isn't ours is in the way.
[[nodiscard]] std::vector<UnitChange> changes_to(const std::vector<UnitFile>& wanted,
                                                 const std::vector<UnitFile>& installed,
                                                 const std::string& root);

[[nodiscard]] bool changes_nothing(const std::vector<UnitChange>& changes);

// Each file is whole, before and after, whenever this ends. Folders that are made for a file, and those that
// held only what is removed, come and go with it. Throws tools::Failure; what was done before stays, and
// doing it again goes on from there.
void make_changes(const std::vector<UnitChange>& changes, const std::string& root);

// The same as somebody would type it.
[[nodiscard]] std::vector<std::string> commands_of(const std::vector<UnitChange>& changes,
                                                   const std::string& root);

// A unit's text with its drop-ins, ours left out, as systemd would read them; empty if there is no such unit.
[[nodiscard]] std::string unit_text_of(std::string_view name, const std::string& root);

// Whether there is a unit of that name, or a line in /etc/fstab, that isn't ours and mounts this.
[[nodiscard]] bool is_mounted_by_others(const std::string& point, const std::string& root);

}  // namespace ctl
