#include "tools/ctl/setup/reserve.h"

#include <algorithm>

namespace ctl {
namespace {

// So much memory at a time: a moment's work, after which Ctrl-C is heard and the record is true.
constexpr std::uint64_t kBatchBytes = std::uint64_t{1} << 30;

}  // namespace

Reserving reserve(NodeId node, ByteSize size, std::uint64_t pages, const PageControl& control, Ledger& ledger,
                  const std::function<bool()>& is_late,
                  const std::function<void(std::uint64_t got)>& progress) {
    const std::uint64_t most = std::max<std::uint64_t>(kBatchBytes / size.bytes, 1);
    Reserving result;
    while (result.got < pages) {
        control.check();
        const auto batch = static_cast<std::int64_t>(std::min(most, pages - result.got));
        const std::int64_t came = change_pages(node, size, batch, control, ledger);
        result.got += static_cast<std::uint64_t>(std::clamp<std::int64_t>(came, 0, batch));
        progress(result.got);
        if (came >= batch) {
            continue;
        }
        if (is_late()) {
            break;
        }
        control.compact(node);
        result.has_compacted = true;
        if (size > k2MiB && !result.has_dropped_caches) {
            control.drop_clean_caches();
            result.has_dropped_caches = true;
        }
        control.pause();
    }
    return result;
}

}  // namespace ctl
