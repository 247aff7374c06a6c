#include "tools/pool/places.h"

#include "shim/base/text_file.h"
#include "tools/common/command_line.h"
#include "tools/common/failure.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <csignal>
#include <deque>
#include <filesystem>
#include <string_view>

namespace pool {
namespace {

using hugepage::Fd;

constexpr int kMostLinks = 40;  // as the kernel

std::deque<std::string> names_of(std::string_view path) {
    std::deque<std::string> names;
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('/'));
        if (!name.empty() && name != ".") {
            names.emplace_back(name);
        }
        path.remove_prefix(std::min(name.size() + 1, path.size()));
    }
    return names;
}

std::string joined(const std::string& folder, const std::string& name) {
    return (folder == "/" ? "" : folder) + "/" + name;
}

bool others_may_write(const struct stat& facts) {
    const bool by_group = (facts.st_mode & S_IWGRP) != 0 && facts.st_gid != 0;
    return (facts.st_mode & S_ISVTX) == 0 && (by_group || (facts.st_mode & S_IWOTH) != 0);
}

// Modes are what they are given as while this lives.
class NoUmask {
  public:
    NoUmask() : before_(::umask(0)) {}
    ~NoUmask() { ::umask(before_); }
    NoUmask(const NoUmask&) = delete;
    NoUmask& operator=(const NoUmask&) = delete;

  private:
    mode_t before_;
};

class Walk {
  public:
    explicit Walk(const Trust& trust) : trust_(trust), is_root_(::geteuid() == 0) { begin(); }

    Place to(const std::string& path) {
        std::deque<std::string> names =
            names_of(path.empty() ? "/" : std::filesystem::absolute(path).native());
        while (!names.empty()) {
            const std::string name = std::move(names.front());
            names.pop_front();
            if (!place_.missing.empty()) {
                add_missing(name);
            } else {
                enter(name, names);
            }
        }
        place_.path = place_.missing.empty() ? place_.existing : place_.missing.back();
        return std::move(place_);
    }

  private:
    void begin() {
        place_.existing = "/";
        place_.folder = Fd(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (place_.folder.get() < 0 || ::fstat(place_.folder.get(), &facts_) != 0) {
            throw tools::system_failure("open the folder /", errno);
        }
        require_safe("/");
    }

    void add_missing(const std::string& name) {
        const std::string& above = place_.missing.empty() ? place_.existing : place_.missing.back();
        if (name == "..") {
            throw tools::system_failure("open the folder " + above, ENOENT);
        }
        place_.missing.push_back(joined(above, name));
    }

    void enter(const std::string& name, std::deque<std::string>& names) {
        const std::string path = name == ".." ? std::filesystem::path(place_.existing).parent_path().string()
                                              : joined(place_.existing, name);
        Fd next(::openat(place_.folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
        struct stat facts {};
        if (next.get() < 0 && errno == ENOENT) {
            return add_missing(name);
        }
        if (next.get() < 0 || ::fstat(next.get(), &facts) != 0) {
            throw tools::system_failure("open the folder " + path, errno);
        }
        if (S_ISLNK(facts.st_mode)) {
            return follow(next.get(), path, facts, names);
        }
        if (!S_ISDIR(facts.st_mode)) {
            throw tools::system_failure("open the folder " + path, ENOTDIR);
        }
        place_.folder = std::move(next);
        place_.existing = path;
        facts_ = facts;
        require_safe(path);
    }

    void follow(int link, const std::string& path, const struct stat& facts, std::deque<std::string>& names) {
        if (++links_ > kMostLinks) {
            throw tools::system_failure("open the folder " + path, ELOOP);
        }
        if (is_root_ && (facts.st_uid != 0 || facts_.st_uid != 0 || others_may_write(facts_))) {
            throw tools::Failure(
                tools::ExitCode::failed,
                fmt::format("{} is a symbolic link that others than root can change: root doesn't follow it; "
                            "write the path that it leads to",
                            path));
        }
        std::array<char, PATH_MAX> target{};
        const ssize_t length = ::readlinkat(link, "", target.data(), target.size());
        if (length < 0) {
            throw tools::system_failure("read the link " + path, errno);
        }
        const std::string_view text(target.data(), static_cast<std::size_t>(length));
        if (text.starts_with('/')) {
            begin();
        }
        const auto first = names_of(text);
        names.insert(names.begin(), first.begin(), first.end());
    }

    void require_safe(const std::string& path) const {
        if (!is_root_ || trust_.is_any) {
            return;
        }
        if (facts_.st_uid != 0 && facts_.st_uid != trust_.user) {
            throw tools::Failure(
                tools::ExitCode::failed,
                fmt::format("{} belongs to user {}, who could change what root makes in it; use a folder of "
                            "root's, or --user {}",
                            path, facts_.st_uid, facts_.st_uid));
        }
        if (others_may_write(facts_)) {
            throw tools::Failure(
                tools::ExitCode::failed,
                fmt::format(
                    "others may write to {} (mode {:04o}), and could change what root makes in it; use "
                    "another folder, or type: sudo chmod go-w {}",
                    path, facts_.st_mode & ALLPERMS, tools::quoted(path)));
        }
    }

    const Trust& trust_;
    bool is_root_;
    int links_ = 0;
    Place place_;
    struct stat facts_ {};  // of place_.folder
};

}  // namespace

Place find_place(const std::string& path, const Trust& trust) {
    return Walk(trust).to(path);
}

Fd open_folder(const std::string& path, const Trust& trust) {
    Place place = find_place(path, trust);
    if (!place.missing.empty()) {
        throw tools::system_failure("open the folder " + path, ENOENT);
    }
    return std::move(place.folder);
}

bool is_empty(int folder) {
    bool is_empty = true;
    const auto listed = hugepage::for_each_entry(own_path(folder).c_str(), [&](auto) { is_empty = false; });
    return listed && is_empty;
}

Name name_at(const std::string& path, const Trust& trust) {
    const std::filesystem::path whole = std::filesystem::absolute(path);
    return {open_folder(whole.parent_path(), trust), whole.filename()};
}

bool make_folder(const std::string& path, const Trust& trust) {
    constexpr mode_t kMode = 0755;
    const Name at = name_at(path, trust);
    const NoUmask no_umask;
    if (::mkdirat(at.folder.get(), at.name.c_str(), kMode) == 0) {
        return true;
    }
    if (errno != EEXIST) {
        throw tools::system_failure(
            "make the folder " + path, errno,
            errno == ENOSPC ? "on hugetlbfs: the mount has a limit of files and folders (nr_inodes)" : "");
    }
    return false;
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    return true;
}

bool replace_file(const Fd& folder, const std::string& name, const std::string& fresh,
                  std::string_view content) {
    constexpr mode_t kMode = 0644;
    const NoUmask no_umask;
    ::signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is an error like others
    ::unlinkat(folder.get(), fresh.c_str(), 0);
    const auto file = Fd::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, kMode, folder.get());
    if (!file) {
        errno = file.error().code;
        return false;
    }
    if (!write_all(file.value().get(), content) || ::fsync(file.value().get()) != 0 ||
        ::renameat(folder.get(), fresh.c_str(), folder.get(), name.c_str()) != 0) {
        const int error = errno;
        ::unlinkat(folder.get(), fresh.c_str(), 0);
        errno = error;
        return false;
    }
    if (const auto readable = Fd::open(".", O_RDONLY | O_DIRECTORY, 0, folder.get())) {
        ::fsync(readable.value().get());
    }
    return true;
}

std::string own_path(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace pool
