// Reading the command line: CLI11 splits it, values.h and core read the values.
#include "tools/file_init/options.h"

#include "shim/base/text_file.h"
#include "tools/common/command_line.h"
#include "tools/common/failure.h"
#include "tools/common/sizes.h"
#include "tools/common/values.h"
#include "tools/file_init/touch.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace file_init {
namespace {

constexpr std::size_t kMostFiles = 4096;  // who asks for more has mistyped

// The values as they were written; empty where the option was left out.
struct RawOptions {
    std::string node, count, size, path, pattern, user, group, mode, threads;
};

[[noreturn]] void usage_failure(const std::string& message) {
    throw tools::Failure(tools::ExitCode::usage, message);
}

void describe(CLI::App& app, RawOptions& raw) {
    app.get_formatter()->column_width(26);
    app.set_help_flag("-h,--help", "Show this help and exit");
    app.set_version_flag("-V,--version", "hugepage-file-init " FILE_INIT_VERSION,
                         "Show the version and exit");
    app.add_option("-n,--node,--numa_node_index", raw.node,
                   "NUMA node that all memory comes from.\n"
                   "Default: the node, if there is only one")
        ->option_text("N");
    app.add_option("-c,--num,--number_of_files", raw.count, "Number of files. Default: 1")->option_text("C");
    app.add_option("-s,--size", raw.size,
                   "Size of each file, e.g. 32GiB (binary), 2MB (decimal)\n"
                   "or bytes; whole huge pages. Needed")
        ->option_text("S");
    app.add_option("--path", raw.path,
                   "Folder on hugetlbfs; the files go to\n"
                   "DIR/numa_<N>. This or --path_pattern is needed")
        ->option_text("DIR");
    app.add_option("--path_pattern,--path-pattern", raw.pattern,
                   "Folder for the files, with $NUMA_NODE_INDEX for the\n"
                   "node's number (quote it: the shell knows $ too).\n"
                   "Wins over --path")
        ->option_text("PATTERN");
    app.add_option("--user", raw.user, "Owner of the files, name or number. Default: you")->option_text("U");
    app.add_option("--group", raw.group, "Group of the files, name or number. Default: yours")
        ->option_text("G");
    app.add_option("--mode", raw.mode, "Permissions of the files, in octal. Default: 0600")->option_text("M");
    app.add_option("--threads", raw.threads,
                   "Threads that fetch the pages, on the node's CPUs.\n"
                   "Default: one for each of them, at most " +
                       std::to_string(kMostThreads))
        ->option_text("T");
    app.footer(
        "Files that are there already and right are kept. One that is wrong is an\n"
        "error; nothing is ever deleted or replaced. Either all files are created or,\n"
        "also if interrupted, none.\n"
        "\n"
        "Example:\n"
        "  sudo mount -t hugetlbfs -o pagesize=2M none /mnt/huge\n"
        "  echo 32768 | sudo tee "
        "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages\n"
        "  sudo hugepage-file-init --node 0 --num 2 --size 32GiB --path /mnt/huge\n"
        "\n"
        "Exit status: 0 all files are there, 1 failed, 2 wrong usage, 5 no permission,\n"
        "128+n interrupted by signal n.");
}

// nullopt where the option was left out; a usage error where its value is no such thing.
template <class Parse>
auto optional_value(const std::string& option, const std::string& text, const std::string& what, Parse parse)
    -> decltype(parse(text)) {
    if (text.empty()) {
        return {};
    }
    auto value = parse(text);
    if (!value) {
        usage_failure(option + ": '" + text + "' is no " + what + ".");
    }
    return value;
}

hugepage::FilePattern pattern_of(const RawOptions& raw) {
    using hugepage::FilePattern;
    const bool by_pattern = !raw.pattern.empty();
    if (!by_pattern && raw.path.empty()) {
        usage_failure("--path or --path_pattern is needed.");
    }
    const std::string text = tools::without_idle_slashes(by_pattern ? raw.pattern : raw.path);
    const auto pattern = by_pattern ? FilePattern::parse(text)
                                    : FilePattern::parse((text == "/" ? "" : text) + "/numa_" +
                                                         std::string(FilePattern::kPlaceholder));
    if (!pattern) {
        usage_failure((by_pattern ? "--path_pattern: '" : "--path: '") + text + "' is too long" +
                      (by_pattern ? ", or lacks $NUMA_NODE_INDEX (quote it: '$NUMA_NODE_INDEX')." : "."));
    }
    return *pattern;
}

ByteSize size_of(const std::string& text, std::size_t count) {
    const auto size = hugepage::parse_byte_size(text);
    if (!size || size->bytes == 0) {
        usage_failure("--size: '" + text + "' is no size; write it like 32GiB, 512MiB or 2097152.");
    }
    if (size->bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / count) {
        usage_failure("--size: " + std::to_string(count) + " times '" + text + "' is more than can be.");
    }
    return *size;
}

Request checked(const RawOptions& raw) {
    Request request;
    request.node = optional_value("--node", raw.node, "node (a number from 0)", [](const auto& text) {
        const auto number = hugepage::parse_number(text, hugepage::kMaxNodes - 1);
        return number ? std::optional(NodeId{static_cast<int>(*number)}) : std::nullopt;
    });
    request.count = optional_value("--num", raw.count, "number from 1 to " + std::to_string(kMostFiles),
                                   [](const auto& text) { return tools::parse_count(text, kMostFiles); })
                        .value_or(1);
    if (raw.size.empty()) {
        usage_failure("--size is needed.");
    }
    request.size = size_of(raw.size, request.count);
    request.size_as_typed = raw.size;
    request.pattern = pattern_of(raw);
    request.owner = optional_value("--user", raw.user, "user of this system", tools::parse_user);
    request.group = optional_value("--group", raw.group, "group of this system", tools::parse_group);
    request.mode = optional_value("--mode", raw.mode, "octal mode from 0 to 0777", tools::parse_mode);
    request.threads =
        optional_value("--threads", raw.threads, "number from 1 to " + std::to_string(hugepage::kMaxCpus),
                       [](const auto& text) -> std::optional<int> {
                           const auto number = tools::parse_count(text, hugepage::kMaxCpus);
                           return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
                       });
    return request;
}

bool has_worker_spelling(int argc, const char* const* argv) {
    return argc > 2 && std::string_view(argv[1]) == "store" &&
           std::string_view(argv[2]) == "hugepage-file-init";
}

}  // namespace

std::variant<Request, TextForUser> parse_options(int argc, const char* const* argv) {
    if (has_worker_spelling(argc, argv)) {
        argc -= 2;
        argv += 2;
    }
    CLI::App app("Creates files of huge pages on one NUMA node, for the huge page shim to hand out.",
                 "hugepage-file-init");
    RawOptions raw;
    describe(app, raw);
    try {
        if (auto text = tools::parse(app, argc, argv)) {
            return TextForUser{std::move(*text)};
        }
    } catch (const tools::WrongCommandLine& wrong) {
        usage_failure(wrong.what());
    }
    return checked(raw);
}

}  // namespace file_init
