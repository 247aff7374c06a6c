// Signals that ask for an end. They are sent to this very thread, so that one which was not blocked would end
// the test.
#include "tools/common/interrupts.h"

#include <gtest/gtest.h>

#include <csignal>

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

TEST(Interrupts, AreHeardByACallAndStillCome) {
    const Interrupts interrupts;
    {
        const Interrupts::EndsCalls ends_calls(interrupts);
        raise(SIGTERM);
    }
    EXPECT_THROW(interrupts.check(), Interrupted);
    EXPECT_NO_THROW(interrupts.check());
}

TEST(Interrupts, LeaveSignalsAsTheyWere) {
    sigset_t before{};
    sigset_t after{};
    sigprocmask(SIG_SETMASK, nullptr, &before);
    {
        const Interrupts interrupts;
        raise(SIGTERM);  // not asked for
    }
    sigprocmask(SIG_SETMASK, nullptr, &after);
    EXPECT_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
}

}  // namespace
}  // namespace tools
