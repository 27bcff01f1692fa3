#pragma once
// The messages of the hand-out, and small byte messages over MPI that never wait. One mailbox per thread.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include <mpi.h>

namespace litebench::handout {

inline constexpr int kToCoordinator = 1;   // MPI tags: rank 0 has both ends in one process
inline constexpr int kToRank = 2;

/// What a rank says. Every message carries what was done since the last one: `done_count` indices follow the struct.
struct RankSays {
  enum class Kind : std::uint8_t { ask_soon, ask_now, done, stop, last } kind = Kind::done;
  std::uint8_t takes_phase1 = 1;
  std::uint32_t question = 0;        ///< number of the request, the same when it becomes urgent
  std::uint32_t done_count = 0;
  double busy_seconds = 0;           ///< of those done
  double waited_seconds = 0;         ///< in `last`: all waiting of this rank
};

/// What the coordinator says; `count` indices follow the struct.
struct CoordinatorSays {
  enum class Kind : std::uint8_t { grant, end, stop, still_here, goodbye, goodbye_others_lost } kind = Kind::grant;
  std::uint32_t question = 0;
  std::uint32_t count = 0;
};

template <typename Head>
struct Message {
  int from = 0;
  Head head;
  std::vector<std::uint32_t> indices;
};

class Mailbox {
 public:
  explicit Mailbox(MPI_Comm comm) : comm_(comm) {}

  template <typename Head>
  void send(int to, int tag, const Head& head, std::span<const std::uint32_t> indices = {}) {
    std::vector<std::byte> bytes(sizeof(Head) + indices.size_bytes());
    std::memcpy(bytes.data(), &head, sizeof(Head));
    std::memcpy(bytes.data() + sizeof(Head), indices.data(), indices.size_bytes());
    post(to, tag, std::move(bytes));
  }

  /// A message that has arrived, if any.
  template <typename Head>
  std::optional<Message<Head>> poll(int tag) {
    int from = 0;
    const auto bytes = take(tag, from);
    if (!bytes || bytes->size() < sizeof(Head)) return std::nullopt;
    Message<Head> message{from, {}, std::vector<std::uint32_t>((bytes->size() - sizeof(Head)) / sizeof(std::uint32_t))};
    std::memcpy(&message.head, bytes->data(), sizeof(Head));
    std::memcpy(message.indices.data(), bytes->data() + sizeof(Head), message.indices.size() * sizeof(std::uint32_t));
    return message;
  }

  /// Frees what has been sent; true when nothing is under way.
  bool flushed();

 private:
  struct Sent { MPI_Request request; std::vector<std::byte> bytes; };
  void post(int to, int tag, std::vector<std::byte> bytes);
  std::optional<std::vector<std::byte>> take(int tag, int& from);

  MPI_Comm comm_;
  std::deque<Sent> sent_;   // a deque: MPI holds pointers into its elements
};

}  // namespace litebench::handout
