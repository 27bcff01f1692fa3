#pragma once
// Some of the job's ranks and what they say to each other while the run starts, with a deadline on every word.

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "base/error.hpp"
#include "harness/launch/session.hpp"

namespace litebench::launch {

/// Calls are collective, from one thread. One that is not answered within `patience` is Error{restart}, and so is every
/// later one: nothing can be said to the others any more, and the process should end by Session::abort(). A process
/// without MPI is a group of one.
class Group {
 public:
  using Seconds = std::chrono::duration<double>;

  /// All ranks of the job.
  Group(const Session& session, Seconds patience);
  ~Group();
  Group(Group&&) noexcept;
  Group& operator=(Group&&) noexcept;

  [[nodiscard]] int rank() const { return rank_; }
  [[nodiscard]] int size() const { return size_; }

  /// The ranks that give the same number, in the order they have here.
  [[nodiscard]] Group part(int number) const;
  /// Those of one machine. LITEBENCH_RANKS_PER_NODE=k (tests) takes k of its ranks at a time for a machine.
  [[nodiscard]] Group node() const;

  /// Everybody gets what `from` has; `bytes` is equally long everywhere and shorter than 2 GiB.
  void broadcast(std::span<std::byte> bytes, int from = 0) const;
  [[nodiscard]] std::string broadcast(std::string text, int from = 0) const;
  [[nodiscard]] int smallest(int value) const;
  /// Waits for all. Where some failed, everybody throws what the first of them met.
  void agree(const Error* mine = nullptr) const;

 private:
  struct State;
  Group(std::unique_ptr<State> state, Seconds patience);
  void check_heard() const;
  void wait() const;

  std::unique_ptr<State> state_;  ///< of MPI; null in a group of one
  Seconds patience_;
  int rank_ = 0, size_ = 1;
};

}  // namespace litebench::launch
