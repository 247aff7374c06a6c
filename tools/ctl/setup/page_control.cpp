#include "tools/ctl/setup/page_control.h"

#include "shim/base/fd.h"
#include "tools/common/failure.h"
#include "tools/common/huge_pages.h"
#include "tools/common/wording.h"

#include <poll.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ctl {
namespace {

void write_text(const std::string& path, const std::string& text) {
    const auto file = hugepage::Fd::open(path.c_str(), O_WRONLY);
    if (!file) {
        const int error = file.error().code;
        throw tools::system_failure("open " + path + " to write", error, error == EACCES ? "use sudo" : "");
    }
    // EINTR: some pages have come or gone; what was reached is read from the count.
    if (::write(file.value().get(), text.data(), text.size()) < 0 && errno != EINTR) {
        throw tools::system_failure("write " + text + " to " + path, errno);
    }
}

// What only helps is no failure where it can't be had.
void write_if_possible(const std::string& path, const std::string& text) {
    if (const auto file = hugepage::Fd::open(path.c_str(), O_WRONLY)) {
        static_cast<void>(::write(file.value().get(), text.data(), text.size()) < 0);
    }
}

bool exists(const std::string& path) {
    return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

std::string count_file(const std::string& sysfs, ByteSize size, NodeId node) {
    const auto in = [&](std::optional<NodeId> where) {
        return std::string(hugepage::huge_page_folder(sysfs.c_str(), size, where).view()) + "/nr_hugepages";
    };
    const std::string own = in(node);
    return exists(own) || node != NodeId{0} ? own : in(std::nullopt);
}

PageControl page_control(const tools::Interrupts& interrupts, const std::string& sysfs,
                         const std::string& proc) {
    PageControl control;
    control.counts = [=](NodeId node, ByteSize size) { return read_pages(sysfs, size, node); };
    control.set = [=](NodeId node, ByteSize size, std::uint64_t reserved) {
        write_text(count_file(sysfs, size, node), std::to_string(reserved));
    };
    control.spare = [=](ByteSize size) -> std::uint64_t {
        const auto counts = hugepage::huge_page_counts(sysfs.c_str(), size, std::nullopt);
        return counts ? counts.value().free - std::min(counts.value().free, counts.value().reserved) : 0;
    };
    control.hold = [=](ByteSize size) -> std::shared_ptr<void> {
        const std::string path =
            std::string(hugepage::huge_page_folder(sysfs.c_str(), size, std::nullopt).view()) +
            "/nr_hugepages";
        auto file = hugepage::Fd::open(path.c_str(), O_RDONLY);
        if (!file || ::flock(file.value().get(), LOCK_EX) != 0) {
            return nullptr;
        }
        return std::make_shared<hugepage::Fd>(std::move(file.value()));
    };
    control.compact = [=](NodeId node) {
        const std::string own = sysfs + "/devices/system/node/node" + std::to_string(node.value) + "/compact";
        write_if_possible(exists(own) ? own : proc + "/sys/vm/compact_memory", "1");
    };
    control.drop_clean_caches = [=] {
        ::sync();  // what is still to be written can't be dropped
        write_if_possible(proc + "/sys/vm/drop_caches", "3");
    };
    control.pause = [&interrupts] {
        constexpr int kPauseMs = 250;
        pollfd interrupted{interrupts.fd(), POLLIN, 0};
        ::poll(&interrupted, 1, kPauseMs);
        interrupts.check();
    };
    control.check = [&interrupts] { interrupts.check(); };
    return control;
}

std::int64_t change_pages(NodeId node, ByteSize size, std::int64_t by, const PageControl& control,
                          Ledger& ledger) {
    const auto held = control.hold(size);
    const std::uint64_t before = control.counts(node, size).reserved();
    const std::uint64_t down = by < 0 ? std::min(before, static_cast<std::uint64_t>(-by)) : 0;
    const std::uint64_t target = by < 0 ? before - down : before + static_cast<std::uint64_t>(by);
    ledger.record.pages_of(node, size).under_way = {before, target};
    ledger.save();
    const auto settle = [&] {
        const std::uint64_t after = control.counts(node, size).reserved();
        PagesAdded& entry = ledger.record.pages_of(node, size);
        entry.under_way = {before, target};
        entry.settle(after);
        ledger.save();
        return static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before);
    };
    try {
        control.set(node, size, target);
    } catch (...) {
        settle();
        throw;
    }
    return settle();
}

void settle_all(const PageControl& control, Ledger& ledger) {
    for (PagesAdded& pages : ledger.record.pages) {
        const std::uint64_t reserved = control.counts(pages.node, pages.size).reserved();
        pages.settle(reserved);
        pages.added = std::min(pages.added, reserved);
    }
    ledger.save();
}

}  // namespace ctl
