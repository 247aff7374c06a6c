#include "shim/hooks/next_allocator.h"

#include "shim/base/next.h"

#include <cerrno>
#include <type_traits>

namespace hugepage::next_allocator {
namespace {

// In the place of a function that no library has.
template <class Result, class... Arguments>
Result missing(Arguments... /*unused*/) noexcept {
    if constexpr (std::is_same_v<Result, int>) {
        return ENOMEM;
    } else if constexpr (!std::is_void_v<Result>) {
        errno = ENOMEM;
        return Result{};
    }
}

// Before the names are known: looks them up, and is the function that was found.
template <auto& link, class Result, class... Arguments>
Result early(Arguments... arguments) noexcept {
    resolve();
    return link(arguments...);
}

template <class Result, class... Arguments>
void look_up(const char* name, next::Link<Result(Arguments...)>& link) noexcept {
    void* const found = next::find(name);
    link.set(found == nullptr ? &missing<Result, Arguments...>
                              : reinterpret_cast<Result (*)(Arguments...)>(found));
}

}  // namespace

constinit decltype(malloc) malloc{&early<malloc>};
constinit decltype(calloc) calloc{&early<calloc>};
constinit decltype(realloc) realloc{&early<realloc>};
constinit decltype(free) free{&early<free>};
constinit decltype(posix_memalign) posix_memalign{&early<posix_memalign>};
constinit decltype(aligned_alloc) aligned_alloc{&early<aligned_alloc>};
constinit decltype(memalign) memalign{&early<memalign>};
constinit decltype(malloc_usable_size) malloc_usable_size{&early<malloc_usable_size>};

void resolve() noexcept {
    look_up("malloc", malloc);
    look_up("calloc", calloc);
    look_up("realloc", realloc);
    look_up("free", free);
    look_up("posix_memalign", posix_memalign);
    look_up("aligned_alloc", aligned_alloc);
    look_up("memalign", memalign);
    look_up("malloc_usable_size", malloc_usable_size);
}

}  // namespace hugepage::next_allocator
