// Alone without MPI, signals as flags, one start per run directory.

#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "harness/launch/lock.hpp"
#include "harness/launch/session.hpp"
#include "harness/launch/signals.hpp"

namespace litebench::launch {
namespace {

using namespace std::chrono_literals;

class RunFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "lb-launch-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    run = name;
  }
  void TearDown() override { std::filesystem::remove_all(run); }
  std::filesystem::path run;
};

std::string message_of_second_start(const std::filesystem::path& run, std::chrono::milliseconds stale_after = 60s) {
  try {
    const RunLock second(run, "second", stale_after);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    return error.what();
  }
  return "";
}

/// Runs in a process of its own; exit code, or minus the signal.
template <typename Act>
int in_child(Act act) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::alarm(20);
    ::_exit(act());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Session, AloneIsRankZeroOfOneWithoutMpi) {
  ASSERT_FALSE(started_by_launcher());
  Session session;
  EXPECT_EQ(session.rank(), 0);
  EXPECT_EQ(session.size(), 1);
  EXPECT_EQ(session.local_size(), 1);
  EXPECT_EQ(session.broadcast("text"), "text");
  EXPECT_EQ(session.meet(3, 1s), 3);
  EXPECT_FALSE(session.host().empty());
}

TEST(Session, RefusesSeveralTasksThatCannotFindEachOther) {
  ::setenv("SLURM_STEP_NUM_TASKS", "4", 1);
  try {
    const Session session;
    ADD_FAILURE() << "four processes would each do everything";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_NE(std::string(error.what()).find("--mpi=pmix"), std::string::npos);
  }
  ::unsetenv("SLURM_STEP_NUM_TASKS");
}

TEST(SignalFlag, TellsGracefulFromAbandonAndTheStrongerStays) {
  const SignalFlag flag;
  EXPECT_FALSE(flag.requested());
  ::raise(SIGUSR1);
  EXPECT_EQ(flag.stop(), Stop::graceful);
  ::raise(SIGTERM);
  EXPECT_EQ(flag.stop(), Stop::abandon);
  ::raise(SIGUSR1);
  EXPECT_EQ(flag.stop(), Stop::abandon);
  EXPECT_EQ(flag.signal(), SIGUSR1);
}

TEST(SignalFlag, GivesTheHandlersBack) {
  EXPECT_EQ(in_child([] {
              { const SignalFlag flag; }
              ::raise(SIGTERM);
              return 0;
            }),
            -SIGTERM);
}

TEST(SignalFlag, LetsASecondInterruptThrough) {
  EXPECT_EQ(in_child([] {
              const SignalFlag flag;
              ::raise(SIGINT);
              if (flag.stop() != Stop::abandon) return 1;
              ::raise(SIGINT);
              return 0;
            }),
            -SIGINT);
}

TEST_F(RunFolder, LockRefusesASecondStartAndNamesTheFirst) {
  const RunLock first(run, "first-attempt");
  const std::string message = message_of_second_start(run);
  EXPECT_NE(message.find("pid " + std::to_string(::getpid())), std::string::npos) << message;
  EXPECT_NE(message.find(Session().host()), std::string::npos) << message;
  EXPECT_NE(message.find("first-attempt"), std::string::npos) << message;
  EXPECT_NE(message.find("remove " + (run / "lock").string()), std::string::npos) << message;
  ASSERT_TRUE(lock_owner(run));
  EXPECT_EQ(lock_owner(run)->pid, ::getpid());
}

TEST_F(RunFolder, LockIsFreeAfterTheFirstEnded) {
  { const RunLock first(run, "first"); }
  EXPECT_FALSE(lock_owner(run));
  const RunLock second(run, "second");
  EXPECT_EQ(lock_owner(run)->attempt, "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(run), {}), 1) << "no helper files stay";
}

TEST_F(RunFolder, LockOfAProcessThatWasKilledIsTakenAtOnce) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const RunLock lock(run, "killed");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ASSERT_TRUE(lock_owner(run));
  const RunLock next(run, "next");
  EXPECT_EQ(lock_owner(run)->attempt, "next");
}

TEST_F(RunFolder, LockOfAnotherHostIsTakenOnlyAfterTheTimeOut) {
  std::ofstream(run / "lock") << R"({"host":"elsewhere","pid":1,"attempt":"a","pid_namespace":"pid:[1]"})";
  EXPECT_NE(message_of_second_start(run).find("host elsewhere, pid 1"), std::string::npos);
  std::filesystem::last_write_time(run / "lock", std::filesystem::file_time_type::clock::now() - 2min);
  const RunLock next(run, "next");
  EXPECT_EQ(lock_owner(run)->attempt, "next");
}

TEST_F(RunFolder, LockThatIsAliveIsNeverStale) {
  const RunLock first(run, "first", 300ms);
  std::this_thread::sleep_for(700ms);
  EXPECT_NE(message_of_second_start(run, 300ms), "");
  EXPECT_FALSE(first.lost());
}

TEST_F(RunFolder, LockNoticesThatItWasTakenAway) {
  const RunLock first(run, "first", 120ms);
  std::filesystem::remove(run / "lock");
  const RunLock second(run, "second");
  for (int i = 0; i < 200 && !first.lost(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(first.lost());
}

TEST_F(RunFolder, LockOfGarbageIsNotTakenWhileFresh) {
  std::ofstream(run / "lock") << "{";
  EXPECT_NE(message_of_second_start(run).find("unknown owner"), std::string::npos);
}

TEST_F(RunFolder, OfManyStartsAtOnceExactlyOneGetsAStaleLock) {
  std::ofstream(run / "lock") << R"({"host":"elsewhere","pid":1,"attempt":"a","pid_namespace":"pid:[1]"})";
  std::filesystem::last_write_time(run / "lock", std::filesystem::file_time_type::clock::now() - 2min);
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      try {
        const RunLock lock(run, "starter");
        std::this_thread::sleep_for(500ms);
        ::_exit(lock.lost() ? 2 : 0);
      } catch (const Error&) {
        ::_exit(1);
      }
    }
    children.push_back(pid);
  }
  int winners = 0;
  for (const pid_t pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    winners += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : 0;
  }
  EXPECT_EQ(winners, 1);
}

TEST_F(RunFolder, IsTakenOverByALaterStartOfTheSameJobAlone) {
  ::setenv("LITEBENCH_LAUNCH", "job", 1);
  ::setenv("LITEBENCH_RESTART_COUNT", "0", 1);
  const RunLock first(run, "first", 600ms);
  EXPECT_NE(message_of_second_start(run), "") << "the same start";
  ::setenv("LITEBENCH_LAUNCH", "another", 1);
  ::setenv("LITEBENCH_RESTART_COUNT", "1", 1);
  EXPECT_NE(message_of_second_start(run), "") << "another job";
  ::setenv("LITEBENCH_LAUNCH", "job", 1);
  const RunLock second(run, "second");
  EXPECT_EQ(lock_owner(run)->attempt, "second");
  for (int tries = 0; tries < 500 && !first.lost(); ++tries) std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(first.lost()) << "the earlier start sees it and stops";
  ::unsetenv("LITEBENCH_LAUNCH");
  ::unsetenv("LITEBENCH_RESTART_COUNT");
}

}  // namespace
}  // namespace litebench::launch
