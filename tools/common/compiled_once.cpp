// fmt, whose distribution packages are headers and a shared library. That one's name differs between
// distributions, and header-only fmt would be compiled into every file that formats a text. So it is compiled
// here, once.
#include <fmt/format-inl.h>

// What its headers declare as compiled elsewhere, as far as the tools need it.
template std::locale fmt::detail::locale_ref::get<std::locale>() const;
template char fmt::detail::decimal_point_impl<char>(fmt::detail::locale_ref);
template auto fmt::detail::thousands_sep_impl<char>(fmt::detail::locale_ref)
    -> fmt::detail::thousands_sep_result<char>;
