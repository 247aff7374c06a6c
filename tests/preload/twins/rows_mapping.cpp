// munmap, MAP_FIXED, mprotect, mlock and related calls, msync, mincore.

#include "tests/preload/twins/twin.h"

#include <cerrno>
#include <cstdint>

namespace twins {
namespace {

constexpr int kRead = PROT_READ;
constexpr int kReadWrite = PROT_READ | PROT_WRITE;

constexpr Limit kPartOfAHugePage{Where::on_huge_pages,
                                 "the kernel replaces and protects whole huge pages only"};

}  // namespace

std::vector<Row> rows_of_mapping() {
    return {
        {"nothing at all", [](Twin&, long) {}},
        // munmap
        {"munmap whole", [](Twin& t, long) { t.munmap(0, t.pages()); }},
        {"munmap whole, twice",
         [](Twin& t, long) {
             t.munmap(0, t.pages());
             t.munmap(0, t.pages());
         }},
        {"munmap a huge page", [](Twin& t, long) { t.munmap(H, H); }},
        {"munmap the first page", [](Twin& t, long) { t.munmap(0, 1); }},
        {"munmap the last page", [](Twin& t, long) { t.munmap(t.pages() - 1, 1); }},
        {"munmap some pages of one huge page", [](Twin& t, long) { t.munmap(H + 7, 3); }},
        {"munmap from inside one huge page to inside another", [](Twin& t, long) { t.munmap(5, 2 * H); }},
        {"munmap two halves of a huge page, then look at it",
         [](Twin& t, long) {
             t.munmap(H, H / 2);
             t.munmap(H + H / 2, H / 2);
             t.madvise(H, H, MADV_DONTNEED);
             t.map_over(H, H, MAP_FIXED_NOREPLACE);
         }},
        {"munmap what is gone in part",
         [](Twin& t, long) {
             t.munmap(3, 4);
             t.munmap(0, 10);
             t.munmap(0, 10);
         }},
        {"munmap page by page",
         [](Twin& t, long) {
             for (long i = 0; i < t.pages(); i += 2) {
                 ::munmap(t.at(i), kPage);
             }
             t.look();
             for (long i = 1; i < t.pages(); i += 2) {
                 ::munmap(t.at(i), kPage);
             }
         }},
        {"munmap into the memory above", [](Twin& t, long) { t.munmap(t.pages() - 9, 20); }},
        {"munmap from the memory below", [](Twin& t, long) { t.munmap(-9, 20); }},
        {"munmap everything around too", [](Twin& t, long) { t.munmap(-2 * H, t.pages() + 4 * H); }},
        {"munmap at no page", [](Twin& t, long) { t.note("munmap", ::munmap(t.at(0) + 1, kPage)); }},
        {"munmap no byte", [](Twin& t, long) { t.munmap(1, 0); }},
        {"munmap one byte", [](Twin& t, long) { t.note("munmap", ::munmap(t.at(1), 1)); }},
        {"munmap beyond all addresses",
         [](Twin& t, long) {
             t.note("munmap", ::munmap(t.at(1), SIZE_MAX));
             t.note("munmap", ::munmap(t.at(1), SIZE_MAX - kPage + 1));
             t.note("munmap", ::munmap(t.at(1), (1UL << 63) - kPage));
         }},
        {"munmap NULL", [](Twin& t, long) { t.note("munmap", ::munmap(nullptr, kPage)); }},
        // MAP_FIXED
        {"map over the whole", [](Twin& t, long) { t.map_over(0, t.pages()); }},
        {"map over a huge page, then go on with it",
         [](Twin& t, long) {
             t.map_over(H, H);
             t.madvise(0, t.pages(), MADV_DONTNEED);
             t.munmap(H + 3, 3);
         }},
        {"map over it and more", [](Twin& t, long) { t.map_over(-4, t.pages() + 8); }},
        {"map over one page", [](Twin& t, long) { t.map_over(H + 1, 1); }, 0, kPartOfAHugePage},
        {"map over a huge page of which some is gone",
         [](Twin& t, long) {
             t.munmap(H + 9, 9);
             t.map_over(H, H);
             t.munmap(H, H);
         }},
        {"map over, but not to replace", [](Twin& t, long) { t.map_over(0, 1, MAP_FIXED_NOREPLACE); }},
        {"map over, with what the kernel refuses",
         [](Twin& t, long) {
             t.note_pointer(
                 "mmap", ::mmap(t.at(0) + 1, kPage, kRead, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
             t.note_pointer("mmap",
                            ::mmap(t.at(0), 0, kRead, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
             t.note_pointer("mmap", ::mmap(t.at(0), kPage, kRead, MAP_PRIVATE | MAP_FIXED, -1, 0));
         }},
        // mprotect
        {"mprotect whole to read", [](Twin& t, long) { t.mprotect(0, t.pages(), kRead); }},
        {"mprotect whole to nothing and back",
         [](Twin& t, long) {
             t.mprotect(0, t.pages(), PROT_NONE);
             t.look();
             t.mprotect(0, t.pages(), kReadWrite);
         }},
        {"mprotect a huge page", [](Twin& t, long) { t.mprotect(H, H, kRead); }},
        {"mprotect one page", [](Twin& t, long) { t.mprotect(H + 1, 1, kRead); }, 0, kPartOfAHugePage},
        {"mprotect one page to what it is", [](Twin& t, long) { t.mprotect(H + 1, 1, kReadWrite); }},
        {"mprotect what is left of a huge page",
         [](Twin& t, long) {
             t.munmap(0, 1);
             t.munmap(t.pages() - 1, 1);
             t.mprotect(1, t.pages() - 2, kRead);
         }},
        {"mprotect with a gap in it",
         [](Twin& t, long) {
             t.munmap(2 * H + 3, 1);
             t.mprotect(H, t.pages() - H, kRead);
         },
         0, kPartOfAHugePage},
        // Which the shim doesn't see.
        {"mprotect after pkey_mprotect",
         [](Twin& t, long) {
             t.note("pkey_mprotect",
                    ::pkey_mprotect(t.at(0), static_cast<std::size_t>(t.pages()) * kPage, PROT_NONE, -1));
             t.mprotect(0, t.pages(), kReadWrite);
         }},
        {"mprotect with other memory", [](Twin& t, long) { t.mprotect(-1, t.pages() + 2, kReadWrite); }},
        {"mprotect with what the kernel refuses",
         [](Twin& t, long) {
             t.note("mprotect", ::mprotect(t.at(0) + 1, kPage, kRead));
             t.mprotect(0, 0, PROT_NONE);
             t.mprotect(0, H, 0x4000);
             t.note("mprotect", ::mprotect(t.at(0), SIZE_MAX - kPage, kRead));
         }},
        // mlock: whether it holds is seen by what DONTNEED says
        {"mlock whole",
         [](Twin& t, long) {
             t.mlock(0, t.pages());
             t.madvise(1, 1, MADV_DONTNEED);
         }},
        {"mlock some pages",
         [](Twin& t, long) {
             t.mlock(H + 3, 5);
             t.madvise(H + 3, 5, MADV_DONTNEED);
             t.madvise(H, 3, MADV_DONTNEED);
             t.madvise(0, t.pages(), MADV_DONTNEED);
         }},
        {"mlock with other memory",
         [](Twin& t, long) {
             t.mlock(-3, t.pages() + 6);
             t.munlock(-3, t.pages() + 6);
         }},
        {"mlock with a gap",
         [](Twin& t, long) {
             t.munmap(H + 1, 1);
             t.mlock(0, t.pages());
             t.madvise(0, 1, MADV_DONTNEED);
             t.madvise(2 * H, 1, MADV_DONTNEED);
             t.munlock(0, t.pages());
         }},
        {"mlock at no page",
         [](Twin& t, long) {
             t.note("mlock", ::mlock(t.at(1) + 77, 5000));
             t.madvise(2, 1, MADV_DONTNEED);
         }},
        {"mlock what can't be read",
         [](Twin& t, long) {
             t.mprotect(H, H, PROT_NONE);
             t.mlock(0, t.pages());
             t.madvise(0, 1, MADV_DONTNEED);
         }},
        {"mlock2",
         [](Twin& t, long) {
             t.mlock2(0, 3, 0);
             t.mlock2(4, 3, MLOCK_ONFAULT);
             t.mlock2(8, 3, 2);
             t.madvise(8, 1, MADV_DONTNEED);
             t.madvise(4, 1, MADV_DONTNEED);
         }},
        {"munlock",
         [](Twin& t, long) {
             t.munlock(0, 7);
             t.madvise(0, 7, MADV_DONTNEED);
             t.madvise(0, 8, MADV_DONTNEED);
         }},
        {"mlockall and munlockall",
         [](Twin& t, long) {
             t.note("mlockall", ::mlockall(MCL_CURRENT));
             t.madvise(0, 1, MADV_DONTNEED);
             t.note("munlockall", ::munlockall());
             t.madvise(0, 1, MADV_DONTNEED);
             t.note("mlockall", ::mlockall(77));
         }},
        {"mlock with what the kernel refuses",
         [](Twin& t, long) {
             t.note("mlock", ::mlock(t.at(0), SIZE_MAX - 2 * kPage));
             t.note("mlock", ::mlock(t.at(0), SIZE_MAX));
             t.mlock(0, 0);
             t.note("munlock", ::munlock(t.at(0), SIZE_MAX - 2 * kPage));
         }},
        // msync, mincore
        {"msync",
         [](Twin& t, long) {
             for (const int flags :
                  {0, MS_ASYNC, MS_SYNC, MS_INVALIDATE, MS_SYNC | MS_INVALIDATE, MS_SYNC | MS_ASYNC, 64}) {
                 t.msync(3, 5, flags);
                 t.msync(-3, t.pages() + 6, flags);
             }
             t.note("msync", ::msync(t.at(0) + 1, kPage, MS_SYNC));
             t.msync(1, 0, MS_SYNC);
         }},
        {"msync with a gap",
         [](Twin& t, long) {
             t.munmap(H + 1, 1);
             for (const int flags : {MS_ASYNC, MS_SYNC, MS_INVALIDATE}) {
                 t.msync(0, t.pages(), flags);
                 t.msync(H + 2, H, flags);
                 t.msync(H + 1, 1, flags);
             }
         }},
        {"mincore",
         [](Twin& t, long) {
             t.mincore(0, t.pages());
             t.mincore(-1, 2);
             t.munmap(H + 1, 1);
             t.mincore(0, t.pages());
             t.mincore(H + 1, 1);
             t.note("mincore", ::mincore(t.at(0) + 1, kPage, nullptr));
             t.note("mincore", ::mincore(t.at(0), kPage, nullptr));
             t.mincore(1, 0);
         }},
    };
}

}  // namespace twins
