// Signals that ask for an end. They are sent to this very thread, so that one which was not blocked would end
// the test.
#include "tools/common/interrupts.h"

#include <gtest/gtest.h>

#include <csignal>

namespace tools {
namespace {

// Interrupts never unblock; what runs after this test is to find signals as they were.
class InterruptsTest : public testing::Test {
  protected:
    InterruptsTest() { sigprocmask(SIG_SETMASK, nullptr, &before_); }
    ~InterruptsTest() override { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  private:
    sigset_t before_{};
};

TEST_F(InterruptsTest, SayNothingUntilASignalHasCome) {
    const Interrupts interrupts;
    EXPECT_NO_THROW(interrupts.check());
}

TEST_F(InterruptsTest, NameTheSignalThatHasCome) {
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

TEST_F(InterruptsTest, LeaveAloneWhatIsIgnored) {
    const auto before = std::signal(SIGHUP, SIG_IGN);
    const Interrupts interrupts;
    raise(SIGHUP);
    EXPECT_NO_THROW(interrupts.check());
    std::signal(SIGHUP, before);
}

}  // namespace
}  // namespace tools
