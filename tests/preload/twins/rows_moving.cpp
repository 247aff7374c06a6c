// mremap, of the stretch and onto it.

#include "tests/preload/twins/twin.h"

#include <cstdint>

namespace twins {
namespace {

constexpr int kMay = MREMAP_MAYMOVE;
constexpr int kFixed = MREMAP_MAYMOVE | MREMAP_FIXED;
constexpr int kStay = MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
using Of = Limit::Of;

}  // namespace

std::vector<Row> rows_of_moving() {
    return {
        {"mremap to the same length", [](Twin& t, long) { t.mremap(0, t.pages(), t.pages(), 0); }},
        {"mremap to the same length, may move", [](Twin& t, long) { t.mremap(3, 5, 5, kMay); }},
        {"mremap smaller by huge pages", [](Twin& t, long) { t.mremap(0, t.pages(), 2 * H, 0); }},
        {"mremap smaller by one page", [](Twin& t, long) { t.mremap(0, t.pages(), t.pages() - 1, kMay); }},
        {"mremap smaller, the tail in other memory", [](Twin& t, long) { t.mremap(H, t.pages(), 1, 0); }},
        {"mremap smaller, then go on with it",
         [](Twin& t, long) {
             t.mremap(0, t.pages(), H + 1, 0);
             t.madvise(H, 1, MADV_DONTNEED);
             t.munmap(0, H + 1);
         }},
        {"mremap larger in place", [](Twin& t, long) { t.mremap(0, t.pages(), t.pages() + 1, 0); }},
        {"mremap larger",
         [](Twin& t, long) { t.mremap(0, t.pages(), t.pages() + 3, kMay); },
         0,
         {Where::everywhere, "what is grown of shared memory can be used", Of::shared_memory}},
        {"mremap a part larger",
         [](Twin& t, long) { t.mremap(H + 3, 5, 2 * H, kMay); },
         0,
         {Where::everywhere, "what is grown of shared memory can be used", Of::shared_memory}},
        {"mremap larger what can't be read",
         [](Twin& t, long) {
             t.mprotect(0, H, PROT_NONE);
             t.mremap(0, H, 2 * H, kMay);
             t.mprotect(H, H, PROT_READ);
             t.mremap(H, H, H + 1, kMay);
         },
         0,
         {Where::everywhere, "what is grown of shared memory can be used", Of::shared_memory}},
        {"mremap to a place", [](Twin& t, long) { t.mremap(0, t.pages(), t.pages(), kFixed, t.place()); }},
        {"mremap to a place that isn't aligned",
         [](Twin& t, long) { t.mremap(0, t.pages(), t.pages(), kFixed, t.place(1)); }},
        {"mremap a huge page to a place, then go on with it",
         [](Twin& t, long) {
             t.mremap(H, H, H, kFixed, t.place());
             t.note("madvise", ::madvise(t.place(3), 5 * kPage, MADV_DONTNEED));
             t.note("munmap", ::munmap(t.place(100), 50 * kPage));
             t.note("mprotect", ::mprotect(t.place(), 100 * kPage, PROT_READ | PROT_WRITE));
             t.munmap(0, t.pages());
         }},
        {"mremap some pages to a place", [](Twin& t, long) { t.mremap(H + 3, 9, 9, kFixed, t.place(5)); }},
        {"mremap to a place, smaller", [](Twin& t, long) { t.mremap(0, t.pages(), H, kFixed, t.place()); }},
        {"mremap to a place, smaller by a page",
         [](Twin& t, long) { t.mremap(0, t.pages(), t.pages() - 1, kFixed, t.place()); }},
        {"mremap to a place, larger",
         [](Twin& t, long) { t.mremap(0, t.pages(), t.pages() + 2, kFixed, t.place()); },
         0,
         {Where::everywhere, "what is grown of shared memory can be used", Of::shared_memory}},
        {"mremap to a place where something is",
         [](Twin& t, long) { t.mremap(0, H, H, kFixed, t.at(t.pages())); }},
        {"mremap onto another part of itself", [](Twin& t, long) { t.mremap(0, H, H, kFixed, t.at(2 * H)); }},
        {"mremap onto itself", [](Twin& t, long) { t.mremap(0, 2 * H, 2 * H, kFixed, t.at(H)); }},
        {"mremap and leave the old mapped",
         [](Twin& t, long) { t.mremap(0, t.pages(), t.pages(), kStay); },
         0,
         {Where::everywhere, "shared memory can't be mapped twice", Of::shared_memory}},
        {"mremap to a place and leave the old mapped",
         [](Twin& t, long) { t.mremap(3, 2 * H, 2 * H, kFixed | MREMAP_DONTUNMAP, t.place()); },
         0,
         {Where::everywhere, "shared memory can't be mapped twice", Of::shared_memory}},
        {"mremap of no length",
         [](Twin& t, long) { t.mremap(0, 0, H, kMay); },
         0,
         {Where::everywhere, "shared memory can't be mapped twice", Of::shared_memory}},
        {"mremap of a length that overflows to none",
         [](Twin& t, long) { t.mremap_bytes(0, SIZE_MAX, kPage, kMay); },
         0,
         {Where::everywhere, "shared memory can't be mapped twice", Of::shared_memory}},
        {"mremap with a gap",
         [](Twin& t, long) {
             t.munmap(H + 1, 1);
             t.mremap(0, 2 * H, 3 * H, kMay);
             t.mremap(H + 1, 1, 1, kMay);
             t.mremap(H + 1, 2, 1, kMay);
             t.mremap(0, 2 * H, 1, kMay);
         }},
        {"mremap beyond its end", [](Twin& t, long) { t.mremap(H, t.pages(), t.pages() + 1, kMay); }},
        {"mremap across a protection",
         [](Twin& t, long) {
             t.mprotect(H, H, PROT_READ);
             t.mremap(0, 2 * H, 3 * H, kMay);
         }},
        {"mremap with what the kernel refuses",
         [](Twin& t, long) {
             t.mremap(0, H, 0, kMay);
             t.mremap(0, H, H, 8);
             t.mremap(0, H, H, MREMAP_FIXED, t.place());
             t.mremap(0, H, H, MREMAP_DONTUNMAP);
             t.mremap(0, H, H + 1, kStay);
             t.mremap(0, H, H, kFixed, t.place() + 1);
             t.note_pointer("mremap", ::mremap(t.at(0) + 1, kPage, kPage, kMay));
             t.note_pointer("mremap", ::mremap(t.at(0), kPage, SIZE_MAX - 2 * kPage, kMay));
             t.note_pointer("mremap", ::mremap(t.at(0), kPage, 1UL << 60, kMay));
             t.note_pointer("mremap", ::mremap(t.at(0), SIZE_MAX - 2 * kPage, kPage, kMay));
             t.note_pointer("mremap", ::mremap(nullptr, kPage, 2 * kPage, kMay));
         }},
        {"mremap other memory onto a huge page of it",
         [](Twin& t, long) {
             t.mremap(-H, H, H, kFixed, t.at(H));
             t.madvise(0, t.pages(), MADV_DONTNEED);
         }},
        {"mremap other memory onto a page of it",
         [](Twin& t, long) { t.mremap(-H, 1, 1, kFixed, t.at(H + 1)); },
         0,
         {Where::on_huge_pages, "the kernel replaces whole huge pages only"}},
        {"mremap what isn't there onto it", [](Twin& t, long) { t.mremap(-2 * H, H, H, kFixed, t.at(H)); }},
        {"mremap other memory smaller, of which it is the tail",
         [](Twin& t, long) { t.mremap(-H, 2 * H, H / 2, 0); }},
        {"mremap other memory to a place and smaller, of which it is the tail",
         [](Twin& t, long) { t.mremap(-H, 2 * H + 5, H / 2, kFixed, t.place()); }},
    };
}

}  // namespace twins
