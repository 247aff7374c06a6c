#include "tests/preload/refusing.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

namespace probes {
namespace {

// A call whose argument, as far as the mask goes, is the value.
struct Use {
    std::string_view name;
    unsigned number;
    unsigned argument = 0;
    unsigned mask = 0;  // 0: whatever its arguments
    unsigned value = 0;
};

constexpr std::array kUses = {
    Use{"flock", SYS_flock},
    Use{"open for writing", SYS_openat, 2, O_ACCMODE, O_RDWR},
    Use{"open a folder", SYS_openat, 2, O_DIRECTORY, O_DIRECTORY},
    Use{"list", SYS_getdents64},
    Use{"fstat", SYS_fstat},
    Use{"fstatfs", SYS_fstatfs},
    Use{"map a file", SYS_mmap, 3, MAP_TYPE, MAP_SHARED},
    Use{"madvise", SYS_madvise},
    Use{"madvise DONTFORK", SYS_madvise, 2, ~0U, MADV_DONTFORK},
    Use{"madvise DONTDUMP", SYS_madvise, 2, ~0U, MADV_DONTDUMP},
    Use{"madvise POPULATE_WRITE", SYS_madvise, 2, ~0U, MADV_POPULATE_WRITE},
    Use{"madvise HUGEPAGE", SYS_madvise, 2, ~0U, MADV_HUGEPAGE},
    Use{"mbind", SYS_mbind},
    Use{"move_pages", SYS_move_pages},
    Use{"get_mempolicy", SYS_get_mempolicy},
    Use{"sched_getaffinity", SYS_sched_getaffinity},
    Use{"getcpu", SYS_getcpu},
    Use{"clone", SYS_clone},
    Use{"sched_setaffinity", SYS_sched_setaffinity},
    Use{"set_mempolicy", SYS_set_mempolicy},
    Use{"prctl", SYS_prctl},
    Use{"ppoll", SYS_ppoll},
};

}  // namespace

namespace {

// What the kernel says: a descriptor where `flags` ask for one; -1 if there is no such call, or no filter.
int filter(std::string_view call, unsigned action, unsigned flags) {
    const auto use = std::ranges::find(kUses, call, &Use::name);
    if (use == kUses.end()) {
        return -1;
    }
    const auto load = [](std::size_t at) -> sock_filter {
        return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(at));
    };
    // Each jump is over the rest, to the last instruction, unless the condition holds.
    std::vector<sock_filter> filter = {
        load(offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, use->number, 0,
                 static_cast<unsigned char>(use->mask != 0 ? 4 : 1)),
    };
    if (use->mask != 0) {
        filter.push_back(load(offsetof(seccomp_data, args) + use->argument * sizeof(__u64)));  // its low half
        filter.push_back(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, use->mask));
        filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, use->value, 0, 1));
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, action));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return -1;
    }
    return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

}  // namespace

bool refuse(std::string_view call, int error) {
    const unsigned action = error == kKill         ? SECCOMP_RET_KILL_PROCESS
                            : error == kKillThread ? SECCOMP_RET_KILL_THREAD
                                                   : SECCOMP_RET_ERRNO | static_cast<unsigned>(error);
    return filter(call, action, 0) == 0;
}

int be_asked_of(std::string_view call) {
    return filter(call, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

}  // namespace probes
