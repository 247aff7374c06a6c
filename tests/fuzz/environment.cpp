// The variables: an environment of NAME=value lines, against a table of which values are good.
#include "shim/base/config.h"
#include "tests/fuzz/fuzzing.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>

namespace {

using namespace hugepage;
using fuzzing::expect;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, text) != words.end();
}

bool is_number(std::string_view text, std::uint64_t most) {
    const bool digits =
        !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    const auto significant = std::min(text.find_first_not_of('0'), text.size());
    return digits && text.size() - significant < 19 && std::stoull(std::string(text)) <= most;
}

// What the shim knows, with which values can be used and whether the field is as if the variable weren't set.
struct Variable {
    bool (*is_good)(std::string_view value);
    bool (*is_default)(const Config& config);
};
const std::map<std::string_view, Variable> kVariables{
    {"HUGEPAGE_FILES_PATH_PATTERN",
     {[](std::string_view v) {
          const std::size_t length = v.size() - (v.ends_with("/*") ? 2 : 0);
          return length < 1024 && v.find("$NUMA_NODE_INDEX") != v.npos;
      },
      [](const Config& c) { return !c.files; }}},
    {"HUGEPAGE_FILES_PATH",
     {[](std::string_view v) { return v.size() + std::string_view("/numa_$NUMA_NODE_INDEX").size() < 1024; },
      [](const Config& c) { return !c.files; }}},
    {"HUGEPAGE_MODE",
     {[](std::string_view v) {
          return is_one_of(v, {"try", "require", "thp", "off"});
      },
      [](const Config& c) { return c.mode == Config::Mode::try_files; }}},
    {"HUGEPAGE_NODE",
     {[](std::string_view v) { return v == "auto" || is_number(v, 1023); },
      [](const Config& c) { return !c.node; }}},
    {"HUGEPAGE_NODE_POLICY",
     {[](std::string_view v) {
          return is_one_of(v, {"local", "nearest"});
      },
      [](const Config& c) { return c.node_policy == Config::NodePolicy::local; }}},
    {"HUGEPAGE_WAIT_MS",
     {[](std::string_view v) { return is_number(v, 86'400'000); },
      [](const Config& c) { return c.wait_ms == 0; }}},
    {"HUGEPAGE_FALLBACK",
     {[](std::string_view v) {
          return is_one_of(v, {"thp", "plain"});
      },
      [](const Config& c) { return c.fallback == Config::Fallback::thp; }}},
    {"HUGEPAGE_ZERO",
     {[](std::string_view v) {
          return is_one_of(v, {"always", "never"});
      },
      [](const Config& c) { return c.zero == Config::Zero::always; }}},
    {"HUGEPAGE_ZERO_THREADS",
     {[](std::string_view v) { return v == "auto" || is_number(v, 256); },
      [](const Config& c) { return !c.zero_threads; }}},
    {"HUGEPAGE_FORK",
     {[](std::string_view v) {
          return is_one_of(v, {"none", "share"});
      },
      [](const Config& c) { return c.fork == Config::Fork::none; }}},
    {"HUGEPAGE_EXE",
     {[](std::string_view) { return true; }, [](const Config& c) { return c.executable == nullptr; }}},
    {"HUGEPAGE_DUMP",
     {[](std::string_view v) {
          return is_one_of(v, {"0", "1"});
      },
      [](const Config& c) { return !c.dump; }}},
    {"HUGEPAGE_LOG",
     {[](std::string_view v) {
          return is_one_of(v, {"off", "error", "warn", "info", "debug", "trace"});
      },
      [](const Config& c) { return c.log_level == log::Level::info; }}},
    {"HUGEPAGE_LOG_FILE",
     {[](std::string_view v) { return v.size() < 1024; },
      [](const Config& c) { return c.log_file.empty(); }}},
};

// As main() is given it, in one stretch of memory.
class Environment {
  public:
    explicit Environment(const std::vector<std::string>& entries) {
        for (const auto& entry : entries) {
            content_.append(entry).push_back('\0');
        }
        for (std::size_t at = 0; at < content_.size(); at = content_.find('\0', at) + 1) {
            list_.push_back(&content_[at]);
        }
        list_.push_back(nullptr);
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;

    // As getenv(3): the first of that name.
    [[nodiscard]] const char* value(std::string_view name) const {
        for (const char* entry : list_) {
            const std::string_view text(entry != nullptr ? entry : "");
            if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '=') {
                return entry + name.size() + 1;
            }
        }
        return nullptr;
    }
    [[nodiscard]] Config parse() const { return Config::parse(list_.data()); }
    [[nodiscard]] bool is_wanted() const { return Config::is_wanted(list_.data()); }
    [[nodiscard]] bool has(const char* place) const {
        return place >= content_.data() && place <= content_.data() + content_.size();
    }

  private:
    std::string content_;
    std::vector<const char*> list_;
};

std::string_view name_of(std::string_view entry) {
    return entry.substr(0, entry.find('='));
}
// Letters to be changed, left out or put in to make one of the other.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t corner = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t changed = corner + (a[i] == b[j] ? 0 : 1);
            corner = row[j + 1];
            row[j + 1] = std::min({changed, row[j] + 1, corner + 1});
        }
    }
    return row.back();
}
bool is_unknown(std::string_view entry) {
    const std::string_view name = name_of(entry);
    return name.starts_with("HUGEPAGE_") && !kVariables.contains(name) &&
           std::ranges::any_of(kVariables, [&](const auto& known) { return edits(name, known.first) <= 2; });
}

// Everything but the complaints.
bool are_alike(const Config& a, const Config& b) {
    return a.files.has_value() == b.files.has_value() && (!a.files || a.files->text() == b.files->text()) &&
           a.mode == b.mode && a.node == b.node && a.node_policy == b.node_policy && a.wait_ms == b.wait_ms &&
           a.fallback == b.fallback && a.zero == b.zero && a.fork == b.fork && a.dump == b.dump &&
           (a.executable == nullptr) == (b.executable == nullptr) && a.zero_threads == b.zero_threads &&
           a.log_level == b.log_level && a.log_file == b.log_file;
}

void check_known(const Environment& environment, const Config& config) {
    const auto is_set = [&](const char* name) {
        const char* text = environment.value(name);
        return text != nullptr && *text != '\0';
    };
    const bool has_pattern = is_set("HUGEPAGE_FILES_PATH_PATTERN");
    for (const auto& [name, variable] : kVariables) {
        const bool is_read = is_set(name.data()) && (name != "HUGEPAGE_FILES_PATH" || !has_pattern);
        const bool is_good = is_read && variable.is_good(environment.value(name.data()));
        const auto complaints =
            std::ranges::count(config.complaints(), std::string_view(name), &Config::Complaint::name);
        expect(complaints == (is_read && !is_good ? 1 : 0), "what can't be used is reported, once");
        const bool is_path = name.starts_with("HUGEPAGE_FILES_PATH");
        expect(
            is_good || variable.is_default(config) || (is_path && has_pattern != name.ends_with("PATTERN")),
            "what can't be used leaves its default");
    }
    expect(environment.is_wanted() == (has_pattern || is_set("HUGEPAGE_FILES_PATH")),
           "a path is what makes it wanted");
    const bool is_fatal = std::ranges::any_of(config.complaints(), &Config::Complaint::is_fatal);
    expect(config.files.has_value() == (environment.is_wanted() && !is_fatal),
           "files there are, or a fatal complaint");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::string> entries;
    for (const auto entry : fuzzing::split(fuzzing::text_of(data, size), '\n')) {
        if (!entry.empty() && entry.find('\0') == entry.npos) {
            entries.emplace_back(entry);
        }
    }
    const Environment environment(entries);
    const Config config = environment.parse();
    check_known(environment, config);
    const auto unknown = static_cast<std::size_t>(std::ranges::count_if(entries, is_unknown));
    std::size_t complaints_of_unknown = 0;
    for (const auto& complaint : config.complaints()) {
        complaints_of_unknown += kVariables.contains(complaint.name) ? 0U : 1U;
        expect(environment.has(complaint.value.data()), "a complaint's value lies in the environment");
    }
    expect(complaints_of_unknown == unknown || config.complaint_count == config.complaint_list.size(),
           "each name like a known one is reported, as long as there is room");
    expect(config.executable == nullptr || environment.has(config.executable),
           "the glob lies in the environment");
    expect(config.log_file.empty() || environment.has(config.log_file.data()),
           "the file's name lies in the environment");

    // The same with the unknown names last, and backwards.
    std::stable_partition(entries.begin(), entries.end(),
                          [](const auto& entry) { return !is_unknown(entry); });
    std::reverse(entries.end() - static_cast<std::ptrdiff_t>(unknown), entries.end());
    const Environment rearranged(entries);
    const Config other = rearranged.parse();
    expect(other.complaint_count == config.complaint_count && are_alike(config, other),
           "unknown names change nothing, in whatever order");
    return 0;
}
