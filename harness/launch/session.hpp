#pragma once
// This process among its ranks. Started alone it is rank 0 of 1 and MPI is never touched.

#include <chrono>
#include <string>

namespace litebench::launch {

/// MPI from construction to destruction. One per process.
class Session {
 public:
  /// Starts MPI when a launcher (mpirun, srun --mpi=pmix) started this process. Throws Error{usage}
  /// under an srun that started several tasks without PMIx, which would otherwise all believe to be
  /// alone.
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }
  [[nodiscard]] int local_rank() const { return local_rank_; }  ///< among the ranks of this node
  [[nodiscard]] int local_size() const { return local_size_; }
  [[nodiscard]] bool thread_multiple() const { return thread_multiple_; }
  [[nodiscard]] const std::string& host() const { return host_; }

  /// At the start only (collective): everybody gets rank 0's text, for example the attempt id.
  [[nodiscard]] std::string broadcast(const std::string& from_rank0) const;

  /// The end: waits for the other ranks, at most `patience`, and returns the largest exit code of
  /// all. When some rank does not come, returns the largest of `exit_code` and 3 (incomplete); the
  /// process must then leave by exit_now().
  int meet(int exit_code, std::chrono::duration<double> patience);
  [[nodiscard]] bool others_lost() const { return others_lost_; }

  /// Ends the process without the library's clean-up, which would wait for lost ranks for ever.
  [[noreturn]] static void exit_now(int exit_code);
  /// Ends all ranks.
  [[noreturn]] void abort(int exit_code) const;

 private:
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1;
  bool mpi_ = false, thread_multiple_ = false, others_lost_ = false;
  std::string host_;
};

/// Whether the environment is that of a process started by an MPI launcher.
bool started_by_launcher();

}  // namespace litebench::launch
