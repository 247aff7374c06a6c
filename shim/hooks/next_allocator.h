// The next allocator in the chain of preloaded libraries, the C library's or another: what malloc and related
// calls would be without the heap variant of the shim.
//
// Memory is asked for long before any constructor runs, by the dynamic loader first of all. So the names are
// looked up by whoever comes first, or by the constructor. The look-up allocates nothing.
//
// Any thread, at any time; none of these adds anything of its own once the names are known.
#pragma once

#include "shim/base/next.h"

#include <cerrno>
#include <cstddef>
#include <type_traits>

namespace hugepage::next_allocator {

// Looks the names up.
void resolve() noexcept;

template <next::Name name, class Function>
class Link;

template <next::Name name, class Result, class... Arguments>
class Link<name, Result(Arguments...)> : public next::Link<name, Result(Arguments...)> {
  public:
    constexpr Link() noexcept : next::Link<name, Result(Arguments...)>(&early) {}

    void look_up() noexcept { this->set(next_function()); }

  private:
    static auto next_function() noexcept -> Result (*)(Arguments...) {
        void* const found = next::find(name.text);
        return found == nullptr ? &missing : reinterpret_cast<Result (*)(Arguments...)>(found);
    }
    // Before the names are known: looks all of them up, and is the function that is found.
    static Result early(Arguments... arguments) noexcept {
        resolve();
        return next_function()(arguments...);
    }
    // In the place of a function that no library has.
    static Result missing(Arguments... /*unused*/) noexcept {
        if constexpr (std::is_same_v<Result, int>) {
            return ENOMEM;
        } else if constexpr (!std::is_void_v<Result>) {
            errno = ENOMEM;
            return Result{};
        }
    }
};

#pragma GCC visibility push(hidden)  // next.h says why
inline constinit Link<"malloc", void*(std::size_t bytes)> malloc;
inline constinit Link<"calloc", void*(std::size_t count, std::size_t bytes)> calloc;
inline constinit Link<"realloc", void*(void* memory, std::size_t bytes)> realloc;
inline constinit Link<"free", void(void* memory)> free;
inline constinit Link<"posix_memalign", int(void** memory, std::size_t alignment, std::size_t bytes)>
    posix_memalign;
inline constinit Link<"aligned_alloc", void*(std::size_t alignment, std::size_t bytes)> aligned_alloc;
inline constinit Link<"memalign", void*(std::size_t alignment, std::size_t bytes)> memalign;
inline constinit Link<"malloc_usable_size", std::size_t(void* memory)> malloc_usable_size;
#pragma GCC visibility pop

[[gnu::noinline]] inline void resolve() noexcept {
    [](auto&... links) { (links.look_up(), ...); }(malloc, calloc, realloc, free, posix_memalign,
                                                   aligned_alloc, memalign, malloc_usable_size);
}

}  // namespace hugepage::next_allocator
