// The children of the storm's clients: what they do with their parents' memory, and how they end.
#pragma once

#include "tests/hugetlb/storm/client/buffer.h"
#include "tests/hugetlb/storm/ledger.h"
#include "tests/hugetlb/storm/random.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace storm {

// What every part of a client knows. Constant once threads run.
struct Client {
    std::string program;  // itself
    std::string folder;
    std::size_t process = 0;  // whose beats are its own
    Ledger* ledger = nullptr;
    bool clones =
        false;  // instead of forking: beside another thread's fork it would inherit what it must not have
};

// A round more, and whether its memory is a file's.
void count(const Client& client, const Buffer& memory);

// One buffer after the other, small ones.
void few_rounds(const Client& client, Random& random, std::size_t rounds);

// Makes a child of some kind while `memory` is held. Afterwards the owner may but read it and give it back: a
// grandchild may have been left behind with it.
void make_child_with(const Client& client, Random& random, Buffer& memory);

// Has another client run a few rounds, to its end.
void run_another(const Client& client, Random& random);

// This process becomes one that goes on in its place, or one that runs a few rounds.
void become_anew(const Client& client, Random& random, bool briefly);

}  // namespace storm
