#pragma once
// What a process is working on, in a small file beside its shard that outlives a death without a
// word. A bundle that was in work when two attempts died is left out of the third (quarantine).

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace litebench::store {

/// RUN/shards/<shard's name>.flight, rewritten in place: one line of fixed length, one write per
/// change, which a killed process cannot leave half done. It goes when the process ends in order.
/// Thread-safe; never throws after construction: a lost mark only costs a clue.
class FlightMark {
 public:
  /// Throws Error{io}.
  explicit FlightMark(const std::filesystem::path& shard);
  ~FlightMark();
  FlightMark(const FlightMark&) = delete;
  FlightMark& operator=(const FlightMark&) = delete;

  void working(std::uint64_t bundle);    ///< 0: none
  void preparing(std::uint64_t bundle);  ///< the next one, on a helper thread; 0: none
  void prepared(std::uint64_t bundle);   ///< no longer being prepared
  /// The bundle in work has had its time; the process ends.
  void timed_out();
  /// The process ends by order, whatever is in work: nothing is to blame. Later changes are ignored.
  void land();

 private:
  void write();

  std::filesystem::path path_;
  int fd_ = -1;
  std::mutex mutex_;
  std::uint64_t working_ = 0, preparing_ = 0;
  bool timed_out_ = false, landed_ = false;
};

/// What a process that died had in work.
struct Flight {
  std::filesystem::path path;
  std::string shard;  ///< name of the shard's file, begins with the attempt
  std::vector<std::uint64_t> bundles;  ///< in work or being prepared; empty: nothing is to blame
  bool timed_out = false;
};

/// The flights under RUN/shards, sorted by name; damaged files are no flights.
std::vector<Flight> flights_of(const std::filesystem::path& run);

}  // namespace litebench::store
