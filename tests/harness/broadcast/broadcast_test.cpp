// What can be seen in one process: the memory, the tables, the policy, and NCCL's calls with made-up functions.

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.hpp"
#include "harness/broadcast/nccl_relay.hpp"
#include "harness/broadcast/shared_memory.hpp"
#include "harness/broadcast/tables.hpp"
#include "harness/broadcast/weights.hpp"

namespace litebench::broadcast {
namespace {

/// How a child that runs `work` ends: its exit code, or minus the signal.
template <typename Work>
int child(Work work) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(work());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(SharedMemory, IsSeenByAnotherProcessWithoutAName) {
  SharedMemory memory(10'000);
  const std::string address = memory.address();
  EXPECT_EQ(child([&] {
              const SharedMemory seen(address, 10'000);
              return std::memcmp(seen.bytes().data(), std::array<char, 3>{}.data(), 3);
            }),
            0);
  std::memcpy(memory.bytes().data() + 9'997, "abc", 3);
  EXPECT_EQ(child([&] {
              const SharedMemory seen(address, 10'000);
              return std::memcmp(seen.bytes().data() + 9'997, "abc", 3);
            }),
            0);
  memory.close_door();
  EXPECT_THROW(SharedMemory(address, 10'000), Error);
}

TEST(SharedMemory, IsReadOnlyForOthersAndThenForItsMaker) {
  SharedMemory memory(4096);
  EXPECT_EQ(child([&] {
              const SharedMemory seen(memory.address(), 4096);
              seen.bytes()[0] = std::byte{1};
              return 0;
            }),
            -SIGSEGV);
  memory.make_read_only();
  EXPECT_EQ(child([&] {
              memory.bytes()[0] = std::byte{1};
              return 0;
            }),
            -SIGSEGV);
}

TEST(SharedMemory, ThatNoMachineHasIsRefusedBeforeAnyIsTaken) {
  try {
    const SharedMemory memory(std::uint64_t{1} << 50);
    FAIL() << "a petabyte";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::io);
    EXPECT_NE(std::string(error.what()).find("set model.broadcast = false"), std::string::npos);
  }
}

TEST(Tables, HoldNamesShapesAndDtypesOfTheCheckpoints) {
  const auto glamm = model::open_checkpoint("tests/golden/tiny/glamm");
  const auto clip = model::open_checkpoint("tests/golden/tiny/clip");
  const Tables tables = from_text(to_text(*glamm, *clip));
  ASSERT_EQ(tables.glamm->tensors().size(), glamm->tensors().size());
  ASSERT_EQ(tables.clip->tensors().size(), clip->tensors().size());
  for (const model::TensorInfo& tensor : glamm->tensors()) {
    const auto* found = tables.glamm->find(tensor.name);
    ASSERT_NE(found, nullptr) << tensor.name;
    EXPECT_EQ(found->shape, tensor.shape);
    EXPECT_EQ(found->dtype, tensor.dtype);
    EXPECT_TRUE(found->bytes.empty());
  }
}

TEST(Policy, OneRankReadsOnlyWhenAskedForSeveralRanksAndFiles) {
  config::Config config;
  config.glamm = config.clip = "checkpoints/somewhere";
  EXPECT_FALSE(one_reader(config, 8));
  config.broadcast = true;
  EXPECT_TRUE(one_reader(config, 2));
  EXPECT_FALSE(one_reader(config, 1));
  config.glamm = config.clip = "random:tiny";
  EXPECT_FALSE(one_reader(config, 8));
}

/// NCCL's functions of the CUDA half on host memory, as one rank sees them: they note what was asked and fail on demand.
struct MadeUpNccl {
  std::vector<std::string> calls;
  std::string failing;
  std::vector<std::size_t> pieces;
  double patience = 0;

  int note(const std::string& call) {
    calls.push_back(call);
    return call == failing ? 1 : 0;
  }
};
MadeUpNccl* nccl = nullptr;  // the table's functions are plain C

const cuda::Interface kMadeUp{
    .version = cuda::kInterfaceVersion,
    .last_error = [] { return "ncclBroadcast: timed out"; },
    .nccl_make_id =
        [](std::uint8_t* id) {
          id[0] = 7;
          return nccl->note("id");
        },
    .nccl_open =
        [](const std::uint8_t* id, int rank, int ranks, double seconds, void** out) {
          *out = nccl;
          nccl->patience = seconds;
          EXPECT_EQ(id[0], 7);
          EXPECT_EQ(rank, 0);
          EXPECT_EQ(ranks, 1);
          return nccl->note("open");
        },
    .nccl_broadcast =
        [](void* communicator, void*, std::size_t bytes, double) {
          EXPECT_EQ(communicator, nccl);
          nccl->pieces.push_back(bytes);
          return nccl->note("broadcast");
        },
    .nccl_close =
        [](void* communicator) {
          EXPECT_EQ(communicator, nccl);
          nccl->note("close");
        },
};

class Nccl : public testing::Test {
 protected:
  void SetUp() override { nccl = &made_up_; }
  /// One tensor of 100 bfloat16 in pieces of 64 bytes.
  void pass_one() {
    NcclRelay relay(all_, kMadeUp, at::kCPU, launch::Group::Seconds(5), 64);
    relay.begin(256);
    const std::int64_t shape = 100;
    relay.room({&shape, 1}, at::kBFloat16).fill_(1);
    relay.pass();
    relay.end();
  }
  std::string problem() {
    try {
      pass_one();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::restart);
      return error.what();
    }
    return "";
  }

  MadeUpNccl made_up_;
  launch::Session session_;
  launch::Group all_{session_, launch::Group::Seconds(5)};
};

TEST_F(Nccl, PassesEveryByteOnceInPiecesAndIsClosed) {
  pass_one();
  EXPECT_EQ(made_up_.pieces, (std::vector<std::size_t>{64, 64, 64, 8}));
  EXPECT_EQ(made_up_.calls, (std::vector<std::string>{"id", "open", "broadcast", "broadcast",
                                                      "broadcast", "broadcast", "close"}));
  EXPECT_EQ(made_up_.patience, 5);
}

TEST_F(Nccl, NamesWhatFailedAndTheWayOut) {
  made_up_.failing = "id";
  EXPECT_NE(problem().find("NCCL failed while beginning"), std::string::npos);
  made_up_.failing = "broadcast";
  const std::string text = problem();
  EXPECT_NE(text.find("passing a piece on"), std::string::npos) << text;
  EXPECT_NE(text.find("ncclBroadcast: timed out"), std::string::npos) << text;
  EXPECT_NE(text.find("set model.broadcast = false"), std::string::npos) << text;
  EXPECT_EQ(made_up_.calls.back(), "close");
}

}  // namespace
}  // namespace litebench::broadcast
