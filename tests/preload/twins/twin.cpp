#include "tests/preload/twins/twin.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace twins {
namespace {

std::size_t huge() {
    return static_cast<std::size_t>(H) * kPage;
}

constexpr int kAnonymous = MAP_ANONYMOUS | MAP_NORESERVE;
constexpr int kPopulated = MAP_ANONYMOUS | MAP_POPULATE;

char* must_map(void* address, std::size_t length, int protection, int flags) {
    void* memory = ::mmap(address, length, protection, flags, -1, 0);
    if (memory == MAP_FAILED || (address != nullptr && memory != address)) {
        std::printf("cannot lay out: %s\n", std::strerror(errno));
        std::exit(1);
    }
    return static_cast<char*>(memory);
}

std::size_t bytes_of(long pages) {
    return static_cast<std::size_t>(pages) * kPage;
}

char pattern_of(std::size_t page) {
    return static_cast<char>('A' + page % 23);
}

// Everything below is asked of the kernel, so that nothing can end the program; many pages at a time, and one
// by one where they aren't alike.
bool is_mapped(const char* page) {
    unsigned char residence = 0;
    return ::mincore(const_cast<char*>(page), kPage, &residence) == 0;
}

bool may_read(const char* begin, std::size_t pages) {
    return ::madvise(const_cast<char*>(begin), pages * kPage, MADV_POPULATE_READ) == 0;
}

bool may_write(const char* begin, std::size_t pages) {
    return ::madvise(const_cast<char*>(begin), pages * kPage, MADV_POPULATE_WRITE) == 0;
}

std::string content_of(const char* memory, std::size_t page) {
    if (std::memcmp(memory, memory + 1, kPage - 1) != 0) {
        return "mixed";
    }
    if (memory[0] == 0) {
        return "zero";
    }
    if (memory[0] >= 'A' && memory[0] < 'A' + 23) {
        return "own+" + std::to_string((page + 23 - static_cast<std::size_t>(memory[0] - 'A')) % 23);
    }
    return std::string(1, memory[0]);
}

}  // namespace

bool can_lock() {
    void* page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const bool locked = ::mlock(page, kPage) == 0 && ::madvise(page, kPage, MADV_DONTNEED) != 0;
    ::munmap(page, kPage);
    return locked;
}

Twin::Twin(Sort sort, Kind kind, std::size_t bytes) : kind_(kind), bytes_(bytes) {
    lay_out(sort);
}

// Gap, memory below, the stretch, memory above, gap, the place to move to, gap.
void Twin::lay_out(Sort sort) {
    ground_bytes_ = 2 * bytes_ + 9 * huge();
    ground_ = must_map(nullptr, ground_bytes_, PROT_NONE, MAP_PRIVATE | kAnonymous);
    const auto start = reinterpret_cast<std::uintptr_t>(ground_);
    base_ = ground_ + ((start + huge() - 1) / huge() * huge() - start) + 2 * huge();
    place_ = base_ + bytes_ + 2 * huge();
    ::munmap(ground_, ground_bytes_);
    for (char* other : {base_ - huge(), base_ + bytes_}) {
        must_map(other, huge(), PROT_READ | PROT_WRITE, MAP_PRIVATE | kPopulated | MAP_FIXED);
        std::memset(other, 's', huge());
        ::mprotect(other, huge(), PROT_READ);
    }
    // So that no address that the kernel chooses lies there.
    must_map(place_, bytes_ + 2 * huge(), PROT_NONE, MAP_PRIVATE | kAnonymous | MAP_FIXED);
    const int flags = kPopulated | (kind_.shared ? MAP_SHARED : MAP_PRIVATE);
    // MAP_FIXED is not served; a hint is, and kept.
    must_map(base_, bytes_, PROT_READ | PROT_WRITE, flags | (sort == Sort::plain ? MAP_FIXED : 0));
    for (std::size_t i = 0; i < bytes_ / kPage; ++i) {
        std::memset(base_ + i * kPage, pattern_of(i), kPage);
    }
    if (kind_.locked && ::mlock(base_, bytes_) != 0) {
        std::printf("cannot lock: %s\n", std::strerror(errno));
        std::exit(1);
    }
}

Twin::~Twin() {
    ::munmap(ground_, ground_bytes_);
    if (moved_ != nullptr) {
        ::munmap(moved_, moved_bytes_);
    }
}

void Twin::note(const char* call, long result) {
    seen_ += call;
    seen_.append("=").append(std::to_string(result));
    if (result == -1) {
        seen_ += std::string(" ") + ::strerrorname_np(errno);
    }
    seen_ += "; ";
}

void Twin::note_pointer(const char* call, void* result) {
    if (result == MAP_FAILED) {
        return note(call, -1);
    }
    note(call, (static_cast<const char*>(result) - base_) / static_cast<long>(kPage));
}

void Twin::munmap(long from, long count) {
    note("munmap", ::munmap(at(from), bytes_of(count)));
}
void Twin::mprotect(long from, long count, int protection) {
    note("mprotect", ::mprotect(at(from), bytes_of(count), protection));
}
void Twin::madvise(long from, long count, int advice) {
    note("madvise", ::madvise(at(from), bytes_of(count), advice));
}
void Twin::posix_madvise(long from, long count, int advice) {
    note("posix_madvise", ::posix_madvise(at(from), bytes_of(count), advice));
}
void Twin::mlock(long from, long count) {
    note("mlock", ::mlock(at(from), bytes_of(count)));
}
void Twin::mlock2(long from, long count, unsigned flags) {
    note("mlock2", ::mlock2(at(from), bytes_of(count), flags));
}
void Twin::munlock(long from, long count) {
    note("munlock", ::munlock(at(from), bytes_of(count)));
}
void Twin::msync(long from, long count, int flags) {
    note("msync", ::msync(at(from), bytes_of(count), flags));
}
void Twin::mincore(long from, long count) {
    std::vector<unsigned char> residence(static_cast<std::size_t>(count) + 1);
    note("mincore", ::mincore(at(from), bytes_of(count), residence.data()));
}

void Twin::mremap(long from, long old_count, long new_count, int flags, void* to) {
    mremap_bytes(from, bytes_of(old_count), bytes_of(new_count), flags, to);
}

void Twin::mremap_bytes(long from, std::size_t old_length, std::size_t new_length, int flags, void* to) {
    void* memory = ::mremap(at(from), old_length, new_length, flags, to);
    place_used_ = place_used_ || to != nullptr;
    if (memory == MAP_FAILED) {
        note("mremap", -1);
    } else if (memory == at(from)) {
        note("mremap to the same address", 0);
    } else {
        note(memory == to ? "mremap to the place" : "mremap to another address", 0);
    }
    if (memory != MAP_FAILED && memory != at(from) && memory != to) {
        moved_ = static_cast<char*>(memory);
        moved_bytes_ = new_length;
    }
}

void Twin::map_over(long from, long count, int flags) {
    const int kind = kind_.shared ? MAP_PRIVATE : MAP_SHARED;
    void* memory =
        ::mmap(at(from), bytes_of(count), PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS | flags, -1, 0);
    note_pointer("mmap", memory);
    if (memory == at(from)) {
        std::memset(memory, 'f', bytes_of(count));
    }
}

void Twin::fill(long from, long count, char byte) {
    std::memset(at(from), byte, bytes_of(count));
}

void Twin::look() {
    look_at("below", base_ - huge(), huge());
    look_at("memory", base_, bytes_);
    look_at("above", base_ + bytes_, huge());
    if (place_used_) {
        look_at("place", place_, bytes_ + 2 * huge());
    }
    if (moved_ != nullptr) {
        look_at("moved", moved_, moved_bytes_);
    }
}

// A line of /proc/self/maps.
struct Mapping {
    const char* begin;
    const char* end;
    bool is_shut;
    bool is_writable;
};

// By address.
std::vector<Mapping> mappings() {
    std::vector<Mapping> all;
    std::FILE* file = std::fopen("/proc/self/maps", "re");
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char allowed[4] = {};  // rwx
    while (std::fscanf(file, "%" SCNxPTR "-%" SCNxPTR " %3c%*[^\n]", &begin, &end, allowed) == 3) {
        all.push_back({reinterpret_cast<const char*>(begin), reinterpret_cast<const char*>(end),
                       std::strcmp(allowed, "---") == 0, allowed[1] == 'w'});
    }
    std::fclose(file);
    return all;
}

// Runs of pages that look alike: `gap`, `shut` (can't be read), `zero`, `own+N` (the pattern, displaced by N
// pages), a byte, `mixed`; `ro` if they can't be written to.
void Twin::look_at(const char* name, const char* begin, std::size_t length) {
    seen_.append("\n    ").append(name).append(":");
    std::string before;
    long run = 0;
    const auto add = [&](const std::string& now, long pages) {
        if (now != before) {
            end_run(before, run);
            run = 0;
        }
        before = now;
        run += pages;
    };
    const auto add_pages = [&](const char* at, std::size_t count, const Mapping& mapping) {
        if (mapping.is_shut) {
            return add("shut", static_cast<long>(count));
        }
        const bool alike = mapping.is_writable ? may_write(at, count) : may_read(at, count);
        for (; count > 0; --count, at += kPage) {
            const bool is_written = alike ? mapping.is_writable : may_write(at, 1);
            if (!alike && !is_mapped(at)) {
                add("gap", 1);
            } else if (!alike && !may_read(at, 1)) {
                add("shut", 1);
            } else {
                const auto page = static_cast<std::size_t>(at - begin) / kPage;
                add(content_of(at, page) + (is_written ? "" : "(ro)"), 1);
            }
        }
    };
    const char* at = begin;
    const char* const end = begin + length;
    const auto add_gap = [&](const char* until) {
        if (until > at) {
            add("gap", (until - at) / static_cast<long>(kPage));
            at = until;
        }
    };
    for (const Mapping& mapping : mappings()) {
        if (mapping.end > at && mapping.begin < end) {
            add_gap(mapping.begin);
            const char* const until = std::min(mapping.end, end);
            add_pages(at, static_cast<std::size_t>(until - at) / kPage, mapping);
            at = until;
        }
    }
    add_gap(end);
    end_run(before, run);
}

void Twin::end_run(const std::string& what, long pages) {
    if (pages > 0) {
        seen_.append(" ").append(std::to_string(pages)).append("*").append(what);
    }
}

}  // namespace twins
