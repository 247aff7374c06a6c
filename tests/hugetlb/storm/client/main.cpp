// A program that knows nothing of the shim, and uses much memory in every way that it can think of until the
// storm ends: in several threads, with children, as other programs. What is not as it must be is reported,
// and ends it.
//
//   storm_client FOLDER PROCESS SEED      PROCESS: its number; beyond the last one: ends after a few rounds

#include "tests/hugetlb/storm/client/buffer.h"
#include "tests/hugetlb/storm/client/children.h"
#include "tests/hugetlb/storm/client/report.h"
#include "tests/hugetlb/storm/ledger.h"
#include "tests/hugetlb/storm/random.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>

namespace storm {
namespace {

Client& client = *new Client;  // never destroyed: threads may go on while the process ends

std::size_t choose_size(Random& random, std::size_t thread) {
    unsigned all = 0;
    // The largest for one thread of each process: what doesn't come from the pool must fit into the machine.
    const std::size_t kinds = kKinds.size() - (thread == 0 ? 0 : 1);
    for (std::size_t i = 0; i < kinds; ++i) {
        all += kKinds.at(i).weight;
    }
    std::size_t pick = random.below(all);
    std::size_t kind = 0;
    while (pick >= kKinds.at(kind).weight) {
        pick -= kKinds.at(kind++).weight;
    }
    return kKinds.at(kind).bytes;
}

void use(Buffer& memory, Random& random) {
    switch (random.below(9)) {
        case 0:
            return memory.trim(random);
        case 1:
            return memory.shrink(random);
        case 2:
            return memory.lock();
        case 3:
            return memory.protect();
        case 4:
            if (!memory.is_shared() && memory.length() <= kKinds[1].bytes) {
                memory.grow();
            }
            return;
        case 5:
        case 6:
            if (!memory.is_shared()) {
                memory.clear(random);
            }
            return;
        default:
            ::usleep(static_cast<useconds_t>(random.below(20'000)));
    }
}

void one_round(Random& random, std::size_t thread, std::uint64_t round) {
    Buffer memory(choose_size(random, thread), random.one_in(8), mark_of(::getpid(), thread, round));
    count(client, memory);
    for (std::size_t uses = random.below(4); uses > 0; --uses) {
        use(memory, random);
        memory.verify("used");
    }
    if (random.one_in(12)) {
        make_child_with(client, random, memory);
        memory.verify("after a child");
    }
    if (random.one_in(3)) {
        memory.give_back_in_parts(random);
    }
}

struct Thread {
    pthread_t handle{};
    std::size_t number = 0;
    std::uint64_t seed = 0;
    std::atomic<bool> is_done{true};
    bool is_joined = true;
};

void* run(void* argument) {
    auto& thread = *static_cast<Thread*>(argument);
    auto& beat = client.ledger->beats.at(client.process).at(thread.number);
    Random random(thread.seed);
    for (std::size_t left = 5 + random.below(100); left > 0 && !client.ledger->ending; --left) {
        ++beat;
        one_round(random, thread.number, random.next());
    }
    beat = 0;
    thread.is_done = true;
    return nullptr;
}

void join(Thread& thread) {
    if (!thread.is_joined) {
        ::pthread_join(thread.handle, nullptr);
        thread.is_joined = true;
    }
}

void raise(Thread& thread, Random& random) {
    join(thread);
    thread.seed = random.next();
    thread.is_done = false;
    thread.is_joined = ::pthread_create(&thread.handle, nullptr, run, &thread) != 0;
    thread.is_done = thread.is_joined;
}

// What concerns the whole process, whatever its threads are about.
void disturb(Random& random) {
    if (random.one_in(20)) {
        client.ledger->add(kClosings);
        ::close_range(STDERR_FILENO + 1, ~0U, 0);
    }
    if (random.one_in(40)) {
        run_another(client, random);
    }
    if (random.one_in(400)) {
        become_anew(client, random, false);
    }
    if (random.one_in(600)) {
        client.ledger->add(kLeavings);
        random.one_in(2) ? ::_exit(0) : std::exit(0);
    }
}

void whole_life(Random& random) {
    auto& threads = *new std::array<Thread, kMostThreads>;  // nor these
    const std::size_t wanted = 2 + random.below(kMostThreads - 1);
    for (std::size_t i = 0; i < wanted; ++i) {
        threads.at(i).number = i;
    }
    while (!client.ledger->ending) {
        for (std::size_t i = 0; i < wanted; ++i) {
            if (threads.at(i).is_done) {
                raise(threads.at(i), random);
            }
        }
        ::usleep(static_cast<useconds_t>(random.below(40'000)));
        disturb(random);
    }
    for (Thread& thread : threads) {
        join(thread);
    }
}

}  // namespace
}  // namespace storm

int main(int argc, char** argv) {
    using namespace storm;
    if (argc != 4) {
        return 2;
    }
    client.program = argv[0];
    client.folder = argv[1];
    client.process = std::strtoul(argv[2], nullptr, 10);
    client.ledger = open_ledger(client.folder);
    if (client.ledger == nullptr) {
        return 3;
    }
    report_to(client.folder);
    Random random(std::strtoull(argv[3], nullptr, 10));
    if (client.process >= kMostProcesses) {
        few_rounds(client, random, 1 + random.below(3));
    } else {
        client.clones = random.one_in(4);
        client.ledger->forget_beats(client.process);  // of the program that it has been
        whole_life(random);
    }
    return 0;
}
