#include "harness/launch/session.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include <fmt/core.h>
#include <mpi.h>
#include <unistd.h>

#include "base/error.hpp"

namespace litebench::launch {
namespace {

constexpr std::array kLauncherVariables{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"};

/// srun without PMIx starts every task with nothing that MPI could find the others by.
void refuse_tasks_without_pmix() {
  const char* tasks = std::getenv("SLURM_STEP_NUM_TASKS");
  if (tasks == nullptr || std::atoi(tasks) < 2) return;
  throw Error(ExitCode::usage,
              fmt::format("{} processes were started that cannot find each other", tasks),
              "srun was not told to use PMIx", "start with: srun --mpi=pmix ...");
}

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

}  // namespace

bool started_by_launcher() {
  return std::any_of(kLauncherVariables.begin(), kLauncherVariables.end(),
                     [](const char* name) { return std::getenv(name) != nullptr; });
}

Session::Session() : host_(host_name()) {
  if (!started_by_launcher()) {
    refuse_tasks_without_pmix();
    return;
  }
  int level = MPI_THREAD_SINGLE;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &level);
  mpi_ = true;
  thread_multiple_ = level >= MPI_THREAD_MULTIPLE;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &size_);
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node);
  MPI_Comm_rank(node, &local_rank_);
  MPI_Comm_size(node, &local_size_);
  MPI_Comm_free(&node);
}

Session::~Session() {
  if (mpi_ && !others_lost_) MPI_Finalize();
}

std::string Session::broadcast(const std::string& from_rank0) const {
  if (!mpi_) return from_rank0;
  std::string text = from_rank0;
  auto size = static_cast<int>(text.size());
  MPI_Bcast(&size, 1, MPI_INT, 0, MPI_COMM_WORLD);
  text.resize(static_cast<std::size_t>(size));
  MPI_Bcast(text.data(), size, MPI_CHAR, 0, MPI_COMM_WORLD);
  return text;
}

int Session::meet(int exit_code, std::chrono::duration<double> patience) {
  if (!mpi_) return exit_code;
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
  // Static: the library may still write here when the deadline has passed.
  static int mine = 0;
  static int largest = 0;
  mine = exit_code;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Iallreduce(&mine, &largest, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD, &request);
  for (int met = 0;;) {
    MPI_Test(&request, &met, MPI_STATUS_IGNORE);
    if (met != 0) return largest;
    if (Clock::now() > deadline) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  others_lost_ = true;
  return std::max(exit_code, static_cast<int>(ExitCode::incomplete));
}

void Session::exit_now(int exit_code) {
  std::fflush(nullptr);
  ::_exit(exit_code);
}

void Session::abort(int exit_code) const {
  std::fflush(nullptr);
  if (mpi_) MPI_Abort(MPI_COMM_WORLD, exit_code);
  ::_exit(exit_code);
}

}  // namespace litebench::launch
