#include "tools/pool/pages.h"

#include "shim/base/fd.h"
#include "tools/common/failure.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <numaif.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace pool {
namespace {

using hugepage::NodeSet;

constexpr unsigned long kMaskBits = NodeSet::kBits + 1;  // the kernel takes one bit less than it is told

// 0, or an errno.
int write_text(const std::string& path, const std::string& text) {
    const auto file = hugepage::Fd::open(path.c_str(), O_WRONLY);
    if (!file) {
        return file.error().code;
    }
    // A signal ends it early, with EINTR or without; what was reached is read from the count.
    const bool is_done = ::write(file.value().get(), text.data(), text.size()) >= 0 || errno == EINTR;
    return is_done ? 0 : errno;
}

// The thread's memory policy is the node alone while this lives.
class BoundTo {
  public:
    explicit BoundTo(NodeId node) {
        NodeSet nodes;
        nodes.insert(node);
        is_bound_ = ::get_mempolicy(&before_, before_nodes_.data(), kMaskBits, nullptr, 0) == 0 &&
                    ::set_mempolicy(MPOL_BIND, nodes.data(), kMaskBits) == 0;
    }
    ~BoundTo() {
        if (is_bound_) {
            ::set_mempolicy(before_, before_nodes_.data(), kMaskBits);
        }
    }
    BoundTo(const BoundTo&) = delete;
    BoundTo& operator=(const BoundTo&) = delete;
    explicit operator bool() const { return is_bound_; }

  private:
    int before_ = MPOL_DEFAULT;
    NodeSet before_nodes_;
    bool is_bound_ = false;
};

// Writes the target; returns how many pages a kernel before 6.7 may have added in excess.
std::uint64_t write_count(NodeId node, ByteSize size, std::uint64_t target, const PageControl& control) {
    const Pages all = control.machine(size);
    const Pages here = control.counts(node, size);
    const std::uint64_t elsewhere = all.surplus - std::min(all.surplus, here.surplus);
    if (elsewhere > 0 && control.set_bound(node, size, all.total - all.surplus + target - here.reserved())) {
        return elsewhere;
    }
    control.set(node, size, target);
    if (elsewhere > 0 && control.counts(node, size).reserved() > target) {
        control.set(node, size, target - std::min(target, elsewhere));
    }
    return elsewhere;
}

}  // namespace

std::string count_file(const std::string& sysfs, ByteSize size, NodeId node) {
    return ctl::pages_folder(sysfs, size, node) + "/nr_hugepages";
}

PageControl page_control(const tools::Interrupts& interrupts, const std::string& sysfs,
                         const std::string& proc) {
    PageControl control;
    control.counts = [=](NodeId node, ByteSize size) { return ctl::read_pages(sysfs, size, node); };
    control.machine = [=](ByteSize size) { return ctl::read_pages(sysfs, size, std::nullopt); };
    control.set = [=](NodeId node, ByteSize size, std::uint64_t reserved) {
        const std::string path = count_file(sysfs, size, node);
        if (const int error = write_text(path, std::to_string(reserved))) {
            throw tools::system_failure(fmt::format("write {} to {}", reserved, path), error,
                                        error == EACCES ? "use sudo" : "");
        }
    };
    control.set_bound = [=](NodeId node, ByteSize size, std::uint64_t reserved) {
        const BoundTo bound(node);
        return bound && write_text(ctl::pages_folder(sysfs, size, {}) + "/nr_hugepages_mempolicy",
                                   std::to_string(reserved)) == 0;
    };
    control.compact = [=](NodeId node) {
        if (write_text(fmt::format("{}/devices/system/node/node{}/compact", sysfs, node.value), "1") != 0) {
            write_text(proc + "/sys/vm/compact_memory", "1");
        }
    };
    control.drop_clean_caches = [=] {
        ::sync();  // what is still to be written can't be dropped
        write_text(proc + "/sys/vm/drop_caches", "3");
    };
    control.pause = [&interrupts] { interrupts.wait(std::chrono::milliseconds(250)); };
    control.check = [&interrupts] { interrupts.check(); };
    return control;
}

std::uint64_t change_pages(NodeId node, ByteSize size, std::int64_t by, const PageControl& control,
                           Ledger& ledger) {
    const std::uint64_t before = control.counts(node, size).reserved();
    const std::uint64_t down = by < 0 ? std::min(before, static_cast<std::uint64_t>(-by)) : 0;
    const std::uint64_t target = by < 0 ? before - down : before + static_cast<std::uint64_t>(by);
    ledger.record.pages_of(node, size).under_way = {before, target};
    ledger.save();
    const auto settle = [&](std::uint64_t most_in_excess) {
        const std::uint64_t after = control.counts(node, size).reserved();
        PagesAdded& entry = ledger.record.pages_of(node, size);
        entry.under_way = {before, target};
        entry.settle(after);
        entry.added += std::min(after - std::min(after, std::max(before, target)), most_in_excess);
        ledger.save();
        const auto [low, high] = std::minmax(before, target);
        const std::uint64_t reached = std::clamp(after, low, high);
        return std::max(before, reached) - std::min(before, reached);
    };
    try {
        return settle(write_count(node, size, target, control));
    } catch (...) {
        settle(0);
        throw;
    }
}

void settle_pages(Record& record, const PageControl& control) {
    for (PagesAdded& pages : record.pages) {
        const std::uint64_t reserved = control.counts(pages.node, pages.size).reserved();
        pages.settle(reserved);
        pages.added = std::min(pages.added, reserved);
    }
}

Reserving reserve(NodeId node, ByteSize size, std::uint64_t pages, const PageControl& control, Ledger& ledger,
                  const std::function<bool()>& is_late,
                  const std::function<void(std::uint64_t got)>& progress) {
    // So much memory at a time: a moment's work, after which Ctrl-C is heard and the record is true.
    constexpr std::uint64_t kBatchBytes = std::uint64_t{1} << 30;
    const std::uint64_t most = std::max<std::uint64_t>(kBatchBytes / size.bytes, 1);
    Reserving result;
    while (result.got < pages) {
        control.check();
        const std::uint64_t batch = std::min(most, pages - result.got);
        const std::uint64_t came =
            change_pages(node, size, static_cast<std::int64_t>(batch), control, ledger);
        result.got += came;
        progress(result.got);
        if (came == batch) {
            continue;
        }
        if (is_late()) {
            break;
        }
        control.compact(node);
        result.has_compacted = true;
        if (size > ctl::k2MiB && !result.has_dropped_caches) {
            control.drop_clean_caches();
            result.has_dropped_caches = true;
        }
        control.pause();
    }
    return result;
}

}  // namespace pool
