#pragma once
// Small messages over MPI that never wait. One mailbox per thread.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include <mpi.h>

#include "shards/handout/messages.hpp"

namespace litebench::handout {

inline constexpr int kToCoordinator = 1;  // MPI tags: rank 0 has both ends in one process
inline constexpr int kToRank = 2;

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
    Message<Head> message{
        from,
        {},
        std::vector<std::uint32_t>((bytes->size() - sizeof(Head)) / sizeof(std::uint32_t))};
    std::memcpy(&message.head, bytes->data(), sizeof(Head));
    std::memcpy(message.indices.data(), bytes->data() + sizeof(Head),
                message.indices.size() * sizeof(std::uint32_t));
    return message;
  }

  /// Frees what has been sent; true when nothing is under way.
  bool flushed();

 private:
  struct Sent {
    MPI_Request request;
    std::vector<std::byte> bytes;
  };
  void post(int to, int tag, std::vector<std::byte> bytes);
  std::optional<std::vector<std::byte>> take(int tag, int& from);

  MPI_Comm comm_;
  std::deque<Sent> sent_;  // a deque: MPI holds pointers into its elements
};

}  // namespace litebench::handout
