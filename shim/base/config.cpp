#include "shim/base/config.h"

#include "shim/base/sys.h"
#include "shim/base/text_file.h"

#include <fnmatch.h>
#include <link.h>

#include <sys/auxv.h>

#include <algorithm>
#include <charconv>
#include <climits>

namespace hugepage {
namespace {

constexpr std::string_view kPrefix = "HUGEPAGE_";
constexpr const char* kFilesPath = "HUGEPAGE_FILES_PATH";
constexpr const char* kFilesPathPattern = "HUGEPAGE_FILES_PATH_PATTERN";
constexpr const char* kMode = "HUGEPAGE_MODE";
constexpr std::uint64_t kMaxZeroThreads = 256;
constexpr std::uint64_t kMaxWaitMs = 24UL * 60 * 60 * 1000;

// Which of the words it is that the text lists, as "it must be try, require, thp or off; ..."; -1: none.
int place_among(std::string_view word, std::string_view listed) noexcept {
    constexpr std::string_view kBegin = "it must be ";
    std::string_view rest = slice(listed, kBegin.size(), listed.find(';') - kBegin.size());
    for (int place = 0; !rest.empty(); ++place) {
        const std::string_view known = take(rest, rest.find_first_of(", "));
        if (known == word) {
            return place;
        }
        rest = drop(rest, known.size());
        rest = drop(rest, rest.starts_with(" or ") ? 4 : 2);
    }
    return -1;
}

// Whether at most `edits` letters must be changed, left out or put in to make one of the other.
// NOLINTNEXTLINE(misc-no-recursion): no deeper than there are edits
[[gnu::noinline]] bool is_a_slip(std::string_view a, std::string_view b, int edits) noexcept {
    while (!a.empty() && !b.empty() && a.front() == b.front()) {
        a.remove_prefix(1);
        b.remove_prefix(1);
    }
    if (a.empty() && b.empty()) {
        return true;
    }
    return edits > 0 && (is_a_slip(drop(a, 1), drop(b, 1), edits - 1) ||
                         is_a_slip(drop(a, 1), b, edits - 1) || is_a_slip(a, drop(b, 1), edits - 1));
}

// As getenv has it, but an empty value is as good as none. Most programs that this is loaded into are none of
// its business, and to call the C library for that costs them a page fault.
std::string_view value_in(Config::Environment environment, std::string_view name) noexcept {
    for (; *environment != nullptr; ++environment) {
        const std::string_view entry(*environment);
        if (entry.starts_with(name) && drop(entry, name.size()).starts_with('=')) {
            return drop(entry, name.size() + 1);
        }
    }
    return {};
}

// Knows which names there are by having been asked for them.
class Parser {
  public:
    Parser(Config& config, Config::Environment environment) noexcept
        : config_(config), environment_(environment) {}

    [[nodiscard]] std::optional<std::string_view> value(std::string_view name) noexcept {
        known_[known_count_++ % known_.size()] = name;
        const std::string_view text = value_in(environment_, name);
        return text.empty() ? std::nullopt : std::optional(text);
    }

    // The values of T are those that `expected` lists: "it must be try, require, thp or off; ...".
    template <class T>
    void choose(const char* name, T& chosen, const char* expected) noexcept {
        if (const auto text = value(name)) {
            const int place = place_among(*text, expected);
            chosen = place < 0 ? chosen : static_cast<T>(place);
            if (place < 0) {
                complain(name, *text, expected);
            }
        }
    }

    // Nothing also where the value is the word.
    [[nodiscard]] std::optional<int> number(const char* name, std::uint64_t largest, const char* expected,
                                            std::string_view word = "auto") noexcept {
        const auto text = value(name);
        if (!text || *text == word) {
            return std::nullopt;
        }
        const auto number = parse_number(*text, largest);
        if (!number) {
            complain(name, *text, expected);
            return std::nullopt;
        }
        return static_cast<int>(*number);
    }

    void complain(std::string_view name, std::string_view text, const char* why,
                  bool is_fatal = false) noexcept {
        if (config_.complaint_count < config_.complaint_list.size()) {
            config_.complaint_list[config_.complaint_count++] = {name, text, why, is_fatal};
        }
    }

    // Only of those that look like one of ours written wrongly: others may have names with our prefix
    // (Kubernetes sets some for each Service that is called so).
    void complain_of_unknown_names() noexcept {
        const auto known = std::span(known_).first(known_count_);
        for (const auto* at = environment_; *at != nullptr; ++at) {
            const std::string_view entry(*at);
            const std::string_view name = take(entry, entry.find('='));
            if (name.starts_with(kPrefix) && std::ranges::find(known, name) == known.end() &&
                std::ranges::any_of(known, [&](auto ours) { return is_a_slip(name, ours, 2); })) {
                complain(name, drop(entry, name.size() + 1), "this version knows no such variable");
            }
        }
    }

  private:
    Config& config_;
    Config::Environment environment_;
    std::array<std::string_view, 14> known_{};
    std::size_t known_count_ = 0;
};

}  // namespace

bool Config::is_wanted(Environment environment) noexcept {
    return !value_in(environment, kFilesPathPattern).empty() || !value_in(environment, kFilesPath).empty() ||
           value_in(environment, kMode) == "thp";
}

Config Config::parse(Environment environment) noexcept {
    Config config;
    config.log_level = log::Level::info;
    Parser parser(config, environment);
    const auto pattern = parser.value(kFilesPathPattern);
    const auto folder = parser.value(kFilesPath);
    if (pattern) {
        config.files = FilePattern::parse(*pattern);
        if (!config.files) {
            parser.complain(kFilesPathPattern, *pattern,
                            "not serving: it must contain $NUMA_NODE_INDEX and be shorter than 1,000 bytes",
                            true);
        }
    } else if (folder) {
        config.files = FilePattern::in_folder(*folder);
        if (!config.files) {
            parser.complain(kFilesPath, *folder, "not serving: it must be shorter than 1,000 bytes", true);
        }
    }

    parser.choose(kMode, config.mode, "it must be try, require, thp or off; try is used");
    parser.choose("HUGEPAGE_ZERO", config.zero, "it must be always or never; always is used");
    parser.choose("HUGEPAGE_FORK", config.fork,
                  "it must be none or share; none is used (there is no readonly any more)");
    if (const auto glob = parser.value("HUGEPAGE_EXE")) {
        config.executable = glob->data();
    }
    parser.choose("HUGEPAGE_DUMP", config.dump, "it must be 0 or 1; 0 is used");
    parser.choose("HUGEPAGE_LOG", config.log_level,
                  "it must be off, error, warn, info, debug or trace; info is used");
    if (const auto node = parser.number("HUGEPAGE_NODE", kMaxNodes - 1,
                                        "it must be auto or a node's number; auto is used")) {
        config.node = NodeId{*node};
    }
    parser.choose("HUGEPAGE_NODE_POLICY", config.node_policy, "it must be local or nearest; local is used");
    parser.choose("HUGEPAGE_FALLBACK", config.fallback, "it must be thp or plain; thp is used");
    const auto wait = parser.number("HUGEPAGE_WAIT_MS", kMaxWaitMs,
                                    "it must be a number of milliseconds, a day at most; 0 is used", "");
    config.wait_ms = static_cast<unsigned>(wait.value_or(0));
    config.zero_threads = parser.number("HUGEPAGE_ZERO_THREADS", kMaxZeroThreads,
                                        "it must be auto or a number up to 256; auto is used");
    if (const auto file = parser.value("HUGEPAGE_LOG_FILE")) {
        if (Path(*file).truncated()) {
            parser.complain("HUGEPAGE_LOG_FILE", *file,
                            "it must be shorter than 1,000 bytes; stderr is used");
        } else {
            config.log_file = *file;
        }
    }
    parser.complain_of_unknown_names();
    return config;
}

namespace {

using LongPath = FixedString<PATH_MAX>;

// The kernel says so of a program that has been replaced since, by an upgrade, and executes itself again.
std::string_view without_mark(std::string_view path) noexcept {
    constexpr std::string_view kMark = " (deleted)";
    return path.ends_with(kMark) ? take(path, path.size() - kMark.size()) : path;
}

// Of a line of /proc/self/maps: the file, if the address lies in what is mapped of it.
std::string_view file_mapped_at(std::uintptr_t address, std::string_view line) noexcept {
    const char* const last = line.data() + line.size();
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    const char* const dash = std::from_chars(line.data(), last, begin, 16).ptr;
    const bool is_range = dash != last && std::from_chars(dash + 1, last, end, 16).ec == std::errc{};
    return is_range && begin <= address && address < end ? drop(line, line.find('/')) : std::string_view();
}

// A loader that is started with a program's name ("ld.so sealer", as bundles do it) is what /proc/self/exe
// says then. It has no loader of its own. The program is the file that its headers are mapped from: the C
// library lists them first.
LongPath program_of_loader() noexcept {
    std::uintptr_t headers = 0;
    ::dl_iterate_phdr(
        [](dl_phdr_info* program, std::size_t, void* address) {
            *static_cast<std::uintptr_t*>(address) = reinterpret_cast<std::uintptr_t>(program->dlpi_phdr);
            return 1;
        },
        &headers);
    LongPath path;
    std::array<char, 2UL * 1024> buffer;
    static_cast<void>(for_each_part("/proc/self/maps", '\n', buffer, [&](std::string_view line) {
        path.append(without_mark(file_mapped_at(headers, line)));
    }));
    return path;
}

LongPath executable_path() noexcept {
    if (::getauxval(AT_BASE) == 0) {
        return program_of_loader();
    }
    char path[PATH_MAX];
    const ssize_t length = sys::call(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", path, sizeof path);
    return LongPath(without_mark({path, static_cast<std::size_t>(std::max<ssize_t>(length, 0))}));
}

}  // namespace

bool executable_matches(const char* glob) noexcept {
    const LongPath path = executable_path();
    const bool is_of_whole_path = std::string_view(glob).find('/') != std::string_view::npos;
    const std::size_t name = is_of_whole_path ? 0 : path.view().rfind('/') + 1;
    return !path.empty() && ::fnmatch(glob, path.c_str() + name, FNM_PATHNAME) == 0;
}

}  // namespace hugepage
