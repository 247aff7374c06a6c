// hugepagectl verify: looks at every page of every file. Changes nothing.
#include "tools/common/failure.h"
#include "tools/common/interrupts.h"
#include "tools/common/progress.h"
#include "tools/ctl/base/values.h"
#include "tools/ctl/commands.h"
#include "tools/ctl/pool/file_pages.h"
#include "tools/ctl/status/verify.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace ctl {
namespace {

using tools::ExitCode;

struct VerifyOptions {
    PoolOptions pool;
    std::string node = "all";
    bool json = false;
};

// Shown once the work has taken longer than a person waits without asking.
class LateProgress {
  public:
    explicit LateProgress(std::uint64_t total_bytes) : total_(total_bytes) {}

    void advance(std::uint64_t bytes) {
        done_ += bytes;
        if (!bar_ && std::chrono::steady_clock::now() - start_ > kPatience) {
            begun_at_ = done_;
            bar_.emplace("Looking at pages", total_ - done_, [](std::uint64_t done, tools::Seconds elapsed) {
                return size_text(static_cast<std::uint64_t>(static_cast<double>(done) / elapsed.count())) +
                       "/s";
            });
        }
        if (bar_) {
            bar_->update(done_ - begun_at_);
        }
    }

  private:
    static constexpr auto kPatience = std::chrono::seconds(1);

    std::uint64_t total_;
    std::uint64_t done_ = 0;
    std::uint64_t begun_at_ = 0;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::optional<tools::ProgressBar> bar_;
};

std::vector<PoolSurvey> survey_pools(const VerifyOptions& options,
                                     const std::optional<std::vector<Share>>& nodes) {
    std::vector<PoolSurvey> pools;
    std::size_t files = 0;
    for (const PoolChoice& choice :
         choose_pools(options.pool, own_variable, kConfigFile, read_machine().mounts)) {
        PoolSurvey& pool = pools.emplace_back(survey(choice));
        if (nodes) {
            std::erase_if(pool.files, [&](const SurveyedFile& file) {
                return std::ranges::find(*nodes, file.node, &Share::node) == nodes->end();
            });
        }
        files += pool.files.size() + pool.blind.size();
    }
    if (pools.empty()) {
        throw tools::Failure(ExitCode::failed,
                             "look for a pool: no hugetlbfs mount has folders numa_<N>; say where it is by "
                             "--path DIR, or make files with hugepage-file-init.");
    }
    if (files == 0) {
        throw tools::Failure(ExitCode::failed,
                             "look for files in " + printable(ctl::name_of(pools[0].choice.pattern)) +
                                 ": there are none on " + (nodes ? "these nodes" : "any node") +
                                 "; make some with hugepage-file-init.");
    }
    return pools;
}

void look_at_pages(std::vector<PoolSurvey>& pools) {
    const tools::Interrupts interrupts;
    std::vector<SurveyedFile*> files;
    std::uint64_t bytes = 0;
    for (PoolSurvey& pool : pools) {
        for (SurveyedFile& file : pool.files) {
            if (file.has_all_pages() && !is_for_want_of_rights(file)) {
                files.push_back(&file);
                bytes += file.size.bytes;
            }
        }
    }
    LateProgress progress(bytes);
    for (SurveyedFile* file : files) {
        const auto placement = look_at_all_pages(*file, [&](std::size_t pages) {
            progress.advance(pages * file->file_system.page_size.bytes);
            interrupts.check();
        });
        if (placement) {
            file->placement = placement.value();
        } else {
            file->pages_error = placement.error().code;
        }
        judge_placement(*file);
    }
}

ExitCode verify(const VerifyOptions& options, const std::optional<std::vector<Share>>& nodes) {
    auto pools = survey_pools(options, nodes);
    find_holders(pools);
    look_at_pages(pools);
    print(options.json ? as_json("verify", verify_json(pools)) : verify_text(pools, Terminal::of_stdout()));
    return exit_code_of(pools);
}

Action checked(const VerifyOptions& options) {
    // "all" is all that the pool has, a folder of a node that is gone among them.
    std::optional<std::vector<Share>> nodes;
    if (options.node != "all") {
        if (options.node.find(':') != std::string::npos) {
            throw tools::Failure(ExitCode::usage, "--node: '" + options.node +
                                                      "' is no list of nodes; write all, 0,1 or 0-3.");
        }
        nodes = shares_of(options.node, 1, read_machine());
    }
    return [=] { return verify(options, nodes); };
}

}  // namespace

void describe_verify(CLI::App& program, Action& chosen) {
    CLI::App* app = program.add_subcommand("verify", "Check every page of every memory file");
    const auto options = std::make_shared<VerifyOptions>();
    describe_pool_options(*app, options->pool);
    app->add_option("--node", options->node, "Nodes: all, 0,1 or 0-3. Default: all")->option_text("NODES");
    app->add_flag("--json", options->json, "For programs: see hugepagectl(8)");
    app->footer(
        "Example:\n"
        "  hugepagectl verify --path /mnt/huge/pc1\n"
        "\n"
        "Nothing is changed. Leased files are looked at as well, and no lease is disturbed.\n"
        "\n"
        "Exit status: 0 all right, 1 no such pool, 3 something could not be looked at, 4 a file is\n"
        "wrong.");
    app->callback([options, &chosen] { chosen = checked(*options); });
}

}  // namespace ctl
