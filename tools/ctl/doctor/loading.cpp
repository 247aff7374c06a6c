#include "tools/ctl/doctor/loading.h"

#include "tools/common/failure.h"
#include "tools/common/wording.h"
#include "tools/ctl/base/parts.h"
#include "tools/ctl/program/captured.h"
#include "tools/ctl/program/preload.h"
#include "tools/ctl/program/shim_log.h"

#include <fmt/format.h>

#include <sys/mman.h>

#include <algorithm>
#include <chrono>

namespace ctl {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);

}  // namespace

LoaderAnswer parse_loader_answer(std::string_view text, std::string_view library) {
    constexpr std::string_view kIgnored = "object '";
    constexpr std::string_view kNotFound = " => not found";
    LoaderAnswer answer;
    for_each_part(text, '\n', [&](std::string_view line) {
        const std::size_t object = line.find(kIgnored);
        if (object != std::string_view::npos && line.find("LD_PRELOAD") != std::string_view::npos) {
            answer.ignored.emplace_back(line.substr(object + std::string_view("object ").size()));
            return;
        }
        const std::size_t begin = line.find_first_not_of(" \t");
        line.remove_prefix(std::min(begin, line.size()));
        if (line.ends_with(kNotFound)) {
            answer.missing.emplace_back(line.substr(0, line.size() - kNotFound.size()));
        }
        // "/path/lib.so (0x00007f...)", or "lib.so => /path/lib.so (0x...)"
        const std::size_t address = line.rfind(" (0x");
        const std::string_view path = line.substr(0, address);
        answer.loads_library =
            answer.loads_library || (address != std::string_view::npos &&
                                     (path == library || path.ends_with(" => " + std::string(library))));
    });
    return answer;
}

Findings check_loading(const std::string& interpreter, const std::string& executable,
                       const std::string& library, const Environment& environment) {
    constexpr const char* kId = "loading";
    Environment tracing = environment;
    tracing.set("LD_PRELOAD", with_library(environment.value("LD_PRELOAD"), library));
    tracing.set("LD_TRACE_LOADED_OBJECTS", "1");
    tracing.remove("HUGEPAGE_FILES_PATH");
    tracing.remove("HUGEPAGE_FILES_PATH_PATTERN");
    const std::string again = fmt::format("LD_TRACE_LOADED_OBJECTS=1 LD_PRELOAD={} {} {}",
                                          tools::quoted(tracing.value("LD_PRELOAD")),
                                          tools::quoted(interpreter), tools::quoted(executable));
    Captured captured;
    try {
        captured = capture({interpreter, executable}, tracing, kPatience);
    } catch (const tools::Failure& failure) {
        return {warn(kId, std::string("can't ask the loader: ") + failure.what(), "", again)};
    }
    const LoaderAnswer answer = parse_loader_answer(captured.text, library);
    Findings findings;
    for (const std::string& name : answer.ignored) {
        const bool is_ours = name.find(library) != std::string::npos;
        findings.push_back(
            {is_ours ? kId : "preload", is_ours ? Verdict::fail : Verdict::warn, "the loader ignores " + name,
             is_ours ? "Nothing is served." : "LD_PRELOAD names a library that isn't there: a leftover?",
             is_ours ? "ldd " + tools::quoted(library) : "unset LD_PRELOAD, or mend it"});
    }
    for (const std::string& name : answer.missing) {
        findings.push_back(fail(kId, fmt::format("{} needs {}, which isn't found", executable, name),
                                "The program doesn't start.", "ldd " + tools::quoted(executable)));
    }
    if (answer.loads_library) {
        findings.push_back(ok(kId, fmt::format("{} loads {}", executable, library)));
    } else if (findings.empty()) {
        findings.push_back(fail(kId, fmt::format("{} doesn't load {}", executable, library),
                                "The loader says nothing of it, so nothing is served.", again));
    }
    return findings;
}

Finding try_request(const PoolSurvey& pool, const std::string& library, const std::string& self) {
    constexpr const char* kId = "request";
    const SurveyedFile* chosen = nullptr;  // the smallest that is free
    bool any = false;
    for (const SurveyedFile& file : pool.files) {
        any = any || !file.refusal;
        if (file.state() == FileState::free && (chosen == nullptr || file.size < chosen->size)) {
            chosen = &file;
        }
    }
    if (chosen == nullptr) {
        return ok(kId,
                  any ? "not tried: all files are leased" : "not tried: there is no file to try it with");
    }
    Environment environment;
    environment.set("LD_PRELOAD", library);
    environment.set("HUGEPAGE_FILES_PATH_PATTERN", std::string(pool.choice.pattern.text()));
    environment.set("HUGEPAGE_NODE", std::to_string(chosen->node.value));
    environment.set("HUGEPAGE_MODE", "require");
    environment.set("HUGEPAGE_ZERO", "never");
    const Captured captured =
        capture({self, kTryRequest, std::to_string(chosen->size.bytes)}, environment, kPatience);
    RunSummary summary;
    std::string last;
    for_each_part(captured.text, '\n', [&](std::string_view line) {
        if (const auto parsed = parse_log_line(line)) {
            summary.add(*parsed);
        }
        last = line;
    });
    if (captured.status == 0 && !summary.served.empty()) {
        const auto& [path, served] = *summary.served.begin();
        return ok(kId, fmt::format("a request of {} was served by {} in {}, and given back",
                                   size_text(chosen->size.bytes), path,
                                   served.ms < 1 ? "less than 1 ms" : fmt::format("{:.0f} ms", served.ms)));
    }
    std::string why = captured.timed_out ? "no answer within a minute" : last;
    if (!summary.refused.empty()) {
        const auto& [path, refusal] = *summary.refused.begin();
        why = path + ": " + refusal.first;
    } else if (!summary.missed.empty()) {
        why = summary.missed.begin()->first.first;
    } else if (!summary.complaints.empty()) {
        why = summary.complaints.begin()->first;
    }
    return fail(kId, fmt::format("a request of {} was not served: {}", size_text(chosen->size.bytes), why),
                "A sealer's would not be either.",
                fmt::format("HUGEPAGE_FILES_PATH_PATTERN={} HUGEPAGE_LOG=trace LD_PRELOAD={} {} {} {}",
                            tools::quoted(std::string(pool.choice.pattern.text())), tools::quoted(library),
                            tools::quoted(self), kTryRequest, chosen->size.bytes));
}

bool make_request(ByteSize size) {
    void* const memory =
        ::mmap(nullptr, size.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED && ::munmap(memory, size.bytes) == 0;
}

}  // namespace ctl
