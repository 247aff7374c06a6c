#include "shim/core/cpu_list.h"

#include "shim/core/slice.h"
#include "shim/core/text_file.h"

namespace hugepage {

std::optional<CpuSet> parse_cpu_list(std::string_view text) noexcept {
    CpuSet cpus;
    text = trimmed(text);
    while (!text.empty()) {
        const std::string_view range = first_of(text, text.find(','));
        text = from(text, range.size() + 1);
        const std::size_t dash = range.find('-');
        const auto first = parse_number(first_of(range, dash), kMaxCpus - 1);
        const auto last =
            dash == std::string_view::npos ? first : parse_number(from(range, dash + 1), kMaxCpus - 1);
        if (!first || !last || *last < *first) {
            return std::nullopt;
        }
        for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) {
            cpus.insert(CpuId{static_cast<int>(cpu)});
        }
    }
    return cpus;
}

}  // namespace hugepage
