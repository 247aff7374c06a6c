#include "shim/fork.h"

#include "shim/core/errno_guard.h"
#include "shim/next.h"
#include "shim/semantics_parts.h"

namespace hugepage::fork {
namespace {

using semantics::real_protection;
using semantics::regions;

// One for all: what it excludes takes two system calls.
constinit Mutex gate;
constinit SignalMask signals_before = 0;  // under the gate

Config::Fork mode() noexcept {
    return substitution::config().fork;
}

Range pages_of(const Piece& piece) noexcept {
    return piece.range.widened_to(piece.traits.page_size);
}

// Whether it is in a child made by fork(), as the file's memory.
bool is_handed_down(const Traits& traits) noexcept {
    if (traits.not_forked) {
        return false;
    }
    return traits.shared || (!traits.wiped_in_fork && mode() != Config::Fork::none);
}

void mark(int advice) noexcept {
    regions().review([advice](Piece& piece) {
        if (!piece.traits.shared && !piece.traits.replaced && is_handed_down(piece.traits)) {
            const Range pages = pages_of(piece);
            next::kernel::madvise(pages.address(), pages.length(), advice);
        }
        return true;
    });
}

// Whether the child's table is to keep the piece.
bool adopt(Piece& piece) noexcept {
    Traits& traits = piece.traits;
    const Range pages = pages_of(piece);
    traits.locked = false;  // locks are not inherited
    if (traits.replaced) {
        return true;
    }
    if (is_handed_down(traits)) {
        if (!traits.shared) {
            traits.inherited = true;
            if (real_protection(traits) != traits.protection) {
                next::kernel::mprotect(pages.address(), pages.length(), real_protection(traits));
            }
        }
        return true;
    }
    const bool wiped = traits.wiped_in_fork && !traits.not_forked;
    if (!wiped && !traits.allocated) {
        return false;
    }
    // Fresh memory, or none to be used; but malloc's caller will free it in the child too, so its addresses
    // must not become anybody else's.
    traits.protection = wiped ? traits.protection : PROT_NONE;
    next::kernel::mmap({pages.address(), pages.length(), traits.protection,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0});
    traits.page_size = ByteSize{kPageBytes};
    traits.replaced = true;
    return traits.allocated;
}

void release() noexcept {
    regions().after_fork();
    const SignalMask before = signals_before;
    gate.unlock();
    restore_signals(before);
}

void before() noexcept {
    if (substitution::is_inert()) {  // which it wasn't known to be when these were registered
        return;
    }
    const ErrnoGuard guard;
    const SignalMask before = block_signals();
    gate.lock();
    signals_before = before;
    regions().before_fork();
    mark(MADV_DOFORK);
}

void in_parent() noexcept {
    if (!is_underway()) {
        return;
    }
    const ErrnoGuard guard;
    mark(MADV_DONTFORK);
    release();
}

void in_child() noexcept {
    if (!is_underway()) {
        return;
    }
    const ErrnoGuard guard;
    mark(MADV_DONTFORK);
    regions().review([](Piece& piece) { return adopt(piece); });
    release();
}

}  // namespace

void register_handlers() noexcept {
    static constinit bool done = false;  // under the gate
    const Hold hold;
    if (!done) {
        done = true;
        next::at_fork(before, in_parent, in_child);
    }
}

bool is_underway() noexcept {
    return gate.is_mine();
}

Hold::Hold() noexcept : lock_(gate) {}

}  // namespace hugepage::fork
