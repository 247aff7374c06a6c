#include "shim/core/config.h"

#include "shim/core/slice.h"
#include "shim/core/text_file.h"

#include <algorithm>

namespace hugepage {
namespace {

constexpr std::string_view kPrefix = "HUGEPAGE_";
constexpr const char* kFilesPath = "HUGEPAGE_FILES_PATH";
constexpr const char* kFilesPathPattern = "HUGEPAGE_FILES_PATH_PATTERN";
constexpr const char* kMode = "HUGEPAGE_MODE";
constexpr const char* kNode = "HUGEPAGE_NODE";
constexpr const char* kNodePolicy = "HUGEPAGE_NODE_POLICY";
constexpr const char* kWaitMs = "HUGEPAGE_WAIT_MS";
constexpr const char* kFallback = "HUGEPAGE_FALLBACK";
constexpr const char* kZero = "HUGEPAGE_ZERO";
constexpr const char* kZeroThreads = "HUGEPAGE_ZERO_THREADS";
constexpr const char* kFork = "HUGEPAGE_FORK";
constexpr const char* kExe = "HUGEPAGE_EXE";
constexpr const char* kDump = "HUGEPAGE_DUMP";
constexpr const char* kLog = "HUGEPAGE_LOG";
constexpr const char* kLogFile = "HUGEPAGE_LOG_FILE";

constexpr std::array<std::string_view, 14> kKnown = {
    kFilesPath, kFilesPathPattern, kMode, kNode, kNodePolicy, kWaitMs, kFallback,
    kZero,      kZeroThreads,      kFork, kExe,  kDump,       kLog,    kLogFile};
constexpr std::uint64_t kMaxZeroThreads = 256;
constexpr std::uint64_t kMaxWaitMs = 24UL * 60 * 60 * 1000;

template <class T>
struct Choice {
    std::string_view word;
    T value;
};

constexpr Choice<Config::Mode> kModes[] = {{"try", Config::Mode::try_files},
                                           {"require", Config::Mode::require},
                                           {"thp", Config::Mode::thp},
                                           {"off", Config::Mode::off}};
constexpr Choice<Config::NodePolicy> kNodePolicies[] = {{"local", Config::NodePolicy::local},
                                                        {"nearest", Config::NodePolicy::nearest}};
constexpr Choice<Config::Fallback> kFallbacks[] = {{"thp", Config::Fallback::thp},
                                                   {"plain", Config::Fallback::plain}};
constexpr Choice<Config::Zero> kZeros[] = {{"always", Config::Zero::always}, {"never", Config::Zero::never}};
constexpr Choice<Config::Fork> kForks[] = {{"none", Config::Fork::none}, {"share", Config::Fork::share}};
constexpr Choice<bool> kSwitch[] = {{"0", false}, {"1", true}};
constexpr Choice<log::Level> kLevels[] = {{"off", log::Level::off},     {"error", log::Level::error},
                                          {"warn", log::Level::warn},   {"info", log::Level::info},
                                          {"debug", log::Level::debug}, {"trace", log::Level::trace}};

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
    return edits > 0 && (is_a_slip(from(a, 1), from(b, 1), edits - 1) ||
                         is_a_slip(from(a, 1), b, edits - 1) || is_a_slip(a, from(b, 1), edits - 1));
}

class Parser {
  public:
    Parser(Config& config, Config::Lookup lookup) noexcept : config_(config), lookup_(lookup) {}

    // An empty value is as good as none.
    [[nodiscard]] std::optional<std::string_view> value(const char* name) const noexcept {
        const char* text = lookup_(name);
        return text == nullptr || *text == '\0' ? std::nullopt : std::optional<std::string_view>(text);
    }

    template <class T, std::size_t N>
    void choose(const char* name, const Choice<T> (&choices)[N], T& chosen, const char* expected) noexcept {
        const auto text = value(name);
        if (!text) {
            return;
        }
        const auto found = std::ranges::find(choices, *text, &Choice<T>::word);
        if (found == std::end(choices)) {
            complain(name, *text, expected);
        } else {
            chosen = found->value;
        }
    }

    [[nodiscard]] std::optional<int> number_or_auto(const char* name, std::uint64_t largest,
                                                    const char* expected) noexcept {
        const auto text = value(name);
        if (!text || *text == "auto") {
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
    void complain_of_unknown_names(const char* const* environment) noexcept {
        for (; *environment != nullptr; ++environment) {
            const std::string_view entry(*environment);
            const std::string_view name = first_of(entry, entry.find('='));
            if (name.starts_with(kPrefix) && std::ranges::find(kKnown, name) == kKnown.end() &&
                std::ranges::any_of(kKnown, [&](auto known) { return is_a_slip(name, known, 2); })) {
                complain(name, from(entry, name.size() + 1), "this version knows no such variable");
            }
        }
    }

  private:
    Config& config_;
    Config::Lookup lookup_;
};

}  // namespace

bool Config::is_wanted(Lookup lookup) noexcept {
    const auto is_set = [&](const char* name) {
        const char* text = lookup(name);
        return text != nullptr && *text != '\0';
    };
    return is_set(kFilesPathPattern) || is_set(kFilesPath) ||
           (is_set(kMode) && std::string_view(lookup(kMode)) == "thp");
}

Config Config::parse(Lookup lookup, const char* const* environment) noexcept {
    Config config;
    config.log_level = log::Level::info;
    Parser parser(config, lookup);
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

    parser.choose(kMode, kModes, config.mode, "it must be try, require, thp or off; try is used");
    parser.choose(kZero, kZeros, config.zero, "it must be always or never; always is used");
    parser.choose(kFork, kForks, config.fork,
                  "it must be none or share (there is no readonly any more); none is used");
    if (const auto glob = parser.value(kExe)) {
        config.executable = glob->data();
    }
    parser.choose(kDump, kSwitch, config.dump, "it must be 0 or 1; 0 is used");
    parser.choose(kLog, kLevels, config.log_level,
                  "it must be off, error, warn, info, debug or trace; info is used");
    if (const auto node =
            parser.number_or_auto(kNode, kMaxNodes - 1, "it must be auto or a node's number; auto is used")) {
        config.node = NodeId{*node};
    }
    parser.choose(kNodePolicy, kNodePolicies, config.node_policy,
                  "it must be local or nearest; local is used");
    parser.choose(kFallback, kFallbacks, config.fallback, "it must be thp or plain; thp is used");
    if (const auto text = parser.value(kWaitMs)) {
        if (const auto number = parse_number(*text, kMaxWaitMs)) {
            config.wait_ms = static_cast<unsigned>(*number);
        } else {
            parser.complain(kWaitMs, *text, "it must be a number of milliseconds, a day at most; 0 is used");
        }
    }
    config.zero_threads = parser.number_or_auto(kZeroThreads, kMaxZeroThreads,
                                                "it must be auto or a number up to 256; auto is used");
    if (const auto file = parser.value(kLogFile); file) {
        if (Path(*file).truncated()) {
            parser.complain(kLogFile, *file, "it must be shorter than 1,000 bytes; stderr is used");
        } else {
            config.log_file = *file;
        }
    }
    parser.complain_of_unknown_names(environment);
    return config;
}

}  // namespace hugepage
