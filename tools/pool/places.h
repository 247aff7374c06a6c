// Folders reached name by name, through descriptors: nothing is done by a name under which somebody else
// could have put something else after it was looked at.
//
// For root, a symbolic link is followed only if the link and the folder it is in are root's: what another
// user can change leads nowhere else. Where root makes or mounts something, each folder on the way must
// belong to root or to the files' user, and nobody else may write to it, except in a sticky one (/tmp). Other
// users can do no more here than they could by hand, so their ways aren't checked.
#pragma once

#include "shim/base/fd.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pool {

// To whom folders on the way may belong.
struct Trust {
    bool is_any = false;        // anybody: for what is only looked at or taken away
    std::optional<uid_t> user;  // root and this one
};
inline constexpr Trust kAnybody{.is_any = true, .user = {}};

struct Place {
    std::string path;                  // whole, without links
    std::string existing;              // the last folder on the way that is there
    hugepage::Fd folder;               // that folder, by O_PATH
    std::vector<std::string> missing;  // paths of those that are not there, outermost first
};
// Throws tools::Failure where the way leads through what is no folder, can't be entered or isn't safe.
[[nodiscard]] Place find_place(const std::string& path, const Trust& trust);

// The folder itself. Throws tools::Failure if it isn't there.
[[nodiscard]] hugepage::Fd open_folder(const std::string& path, const Trust& trust);

// False also where it can't be listed.
[[nodiscard]] bool is_empty(int folder);

// A path's last name, and the folder it is in.
struct Name {
    hugepage::Fd folder;
    std::string name;
};
[[nodiscard]] Name name_at(const std::string& path, const Trust& trust);

// With mode 0755 whatever the umask; false if something of that name is there already. The folder above must
// be there. Throws tools::Failure.
bool make_folder(const std::string& path, const Trust& trust);

// Writes a file of the folder, with mode 0644, so that a reader sees the old content or the new, whole, also
// after a crash. It is written under the name `fresh` first, which nobody else may be using. False, and
// errno.
[[nodiscard]] bool replace_file(const hugepage::Fd& folder, const std::string& name, const std::string& fresh,
                                std::string_view content);
// False, and errno, if not all of it could be written.
[[nodiscard]] bool write_all(int fd, std::string_view text);

// By which a file that is open, also by O_PATH alone, can be named to the kernel.
[[nodiscard]] std::string own_path(int fd);

}  // namespace pool
