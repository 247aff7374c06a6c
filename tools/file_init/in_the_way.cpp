#include "tools/file_init/in_the_way.h"

#include "tools/common/wording.h"

#include <spdlog/fmt/fmt.h>

#include <system_error>

namespace file_init {

tools::Failure file_unreadable(const FileFacts& file) {
    return tools::system_failure("look at " + file.path, file.error,
                                 "use sudo, or be the user it belongs to");
}

tools::Failure same_file_twice(const FileFacts& file) {
    return {tools::ExitCode::failed,
            fmt::format(
                "{} is in the way: it is a second name (hard link) of another of these files; nothing was "
                "created; to remove it, type: sudo rm {}",
                file.path, tools::quoted(file.path))};
}

namespace {

std::optional<std::string> what_is_wrong_inside(const FileFacts& file, const Request& request, NodeId node) {
    switch (file.kind) {
        case FileFacts::Kind::absent:
            return "it is not there";
        case FileFacts::Kind::link:
            return "it is a symbolic link";
        case FileFacts::Kind::folder:
            return "it is a folder";
        case FileFacts::Kind::other:
            return "it is no regular file";
        case FileFacts::Kind::regular:
            break;
    }
    if (!file.on_hugetlbfs) {
        return "it is not on hugetlbfs";
    }
    if (file.size != request.size) {
        return fmt::format("its size is {} ({} bytes), not {}", tools::size_text(file.size), file.size.bytes,
                           tools::size_text(request.size));
    }
    if (file.allocated < file.size) {
        return fmt::format("it has holes: {} of {} are allocated", tools::size_text(file.allocated),
                           tools::size_text(file.size));
    }
    if (!file.placement) {
        return "its pages cannot be read: " + std::generic_category().message(file.pages_error);
    }
    if (file.placement->elsewhere != 0) {
        return fmt::format("{} of its {} are not on node {} but, for one, on node {}",
                           file.placement->elsewhere, tools::counted(file.placement->checked, "page"),
                           node.value, file.placement->other.value);
    }
    if (file.placement->absent != 0) {
        return fmt::format("{} of its {} are not there", file.placement->absent,
                           tools::counted(file.placement->checked, "page"));
    }
    return std::nullopt;
}

std::optional<std::string> what_is_wrong_outside(const FileFacts& file, const Request& request) {
    if (request.owner && file.owner != *request.owner) {
        return fmt::format("it belongs to user {}, not {}", file.owner, *request.owner);
    }
    if (request.group && file.group != *request.group) {
        return fmt::format("it belongs to group {}, not {}", file.group, *request.group);
    }
    if (request.mode && file.mode != *request.mode) {
        return fmt::format("its mode is {:04o}, not {:04o}", file.mode, *request.mode);
    }
    return std::nullopt;
}

// What to type so that owner, group and mode are as asked for.
std::string command_to_hand_over(const Request& request, const std::string& names) {
    std::string command;
    if (request.owner || request.group) {
        command = fmt::format("sudo chown {}{}{}", request.owner ? std::to_string(*request.owner) : "",
                              request.group ? fmt::format(":{}", *request.group) : "", names);
    }
    if (request.mode) {
        command += fmt::format("{}sudo chmod {:04o}{}", command.empty() ? "" : " && ", *request.mode, names);
    }
    return command;
}

}  // namespace

std::optional<std::string> what_is_wrong(const FileFacts& file, const Request& request, NodeId node) {
    const auto inside = what_is_wrong_inside(file, request, node);
    return inside ? inside : what_is_wrong_outside(file, request);
}

tools::Failure in_the_way(const std::vector<const FileFacts*>& files, const Request& request, NodeId node) {
    constexpr std::size_t kMostExplained = 3;
    std::string explanation;
    std::string names;
    bool only_outside = true;
    bool removable = true;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const FileFacts& file = *files[i];
        names.append(1, ' ').append(tools::quoted(file.path));
        only_outside = only_outside && !what_is_wrong_inside(file, request, node);
        removable = removable && file.kind != FileFacts::Kind::folder;
        if (i < kMostExplained) {
            explanation += fmt::format("{}{} is in the way: {}", i == 0 ? "" : "; ", file.path,
                                       what_is_wrong(file, request, node).value_or(""));
        }
    }
    if (files.size() > kMostExplained) {
        explanation += fmt::format("; and so are {} more", files.size() - kMostExplained);
    }
    std::string advice = "move it away, or use another folder";
    if (only_outside) {
        advice = "type: " + command_to_hand_over(request, names);
    } else if (removable) {
        advice = "if nothing uses it, type: sudo rm" + names;
    }
    return {tools::ExitCode::failed, fmt::format("{}; nothing was created; {}", explanation, advice)};
}

}  // namespace file_init
