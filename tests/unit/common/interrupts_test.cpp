// Signals that ask for an end. They are sent to this very thread, so that one which was not handled would end
// the test.
#include "tools/common/interrupts.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <pthread.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace tools {
namespace {

TEST(Interrupts, SayNothingUntilASignalHasCome) {
    const Interrupts interrupts;
    EXPECT_NO_THROW(interrupts.check());
}

TEST(Interrupts, NameTheSignalThatHasCome) {
    const Interrupts interrupts;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        raise(signal);
        try {
            interrupts.check();
            FAIL() << "went on after signal " << signal;
        } catch (const Interrupted& interrupted) {
            EXPECT_EQ(interrupted.signal(), signal);
        }
    }
    EXPECT_NO_THROW(interrupts.check());
}

TEST(Interrupts, LeaveAloneWhatIsIgnored) {
    const auto before = std::signal(SIGHUP, SIG_IGN);
    const Interrupts interrupts;
    raise(SIGHUP);
    EXPECT_NO_THROW(interrupts.check());
    std::signal(SIGHUP, before);
}

TEST(Interrupts, EndACallThatHearsOfThem) {
    const Interrupts interrupts;
    const pthread_t self = pthread_self();
    const std::jthread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        pthread_kill(self, SIGTERM);
    });
    EXPECT_EQ(::poll(nullptr, 0, -1), -1);
    EXPECT_THROW(interrupts.check(), Interrupted);
    EXPECT_NO_THROW(interrupts.check());
}

TEST(Interrupts, TellTheInnermost) {
    const Interrupts outer;
    {
        const Interrupts inner;
        raise(SIGTERM);
        EXPECT_NO_THROW(outer.check());
        EXPECT_THROW(inner.check(), Interrupted);
    }
    raise(SIGTERM);
    EXPECT_THROW(outer.check(), Interrupted);
}

TEST(Interrupts, LeaveSignalsAsTheyWere) {
    struct sigaction after {};
    {
        const Interrupts interrupts;
        raise(SIGTERM);  // not asked for
    }
    ::sigaction(SIGTERM, nullptr, &after);
    EXPECT_EQ(after.sa_handler, SIG_DFL);
}

}  // namespace
}  // namespace tools
