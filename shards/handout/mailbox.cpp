#include "shards/handout/mailbox.hpp"

#include <utility>

namespace litebench::handout {

void Mailbox::post(int to, int tag, std::vector<std::byte> bytes) {
  flushed();
  Sent& sent = sent_.emplace_back(Sent{MPI_REQUEST_NULL, std::move(bytes)});
  MPI_Isend(sent.bytes.data(), static_cast<int>(sent.bytes.size()), MPI_BYTE, to, tag, comm_, &sent.request);
}

std::optional<std::vector<std::byte>> Mailbox::take(int tag, int& from) {
  int there = 0;
  MPI_Status status;
  // Open MPI looks through what has arrived and then lets arrive what waits: a first look at a message that has been
  // there for long says no.
  for (int looks = 0; there == 0 && looks < 2; ++looks) MPI_Iprobe(MPI_ANY_SOURCE, tag, comm_, &there, &status);
  if (there == 0) return std::nullopt;
  int size = 0;
  MPI_Get_count(&status, MPI_BYTE, &size);
  from = status.MPI_SOURCE;
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  MPI_Recv(bytes.data(), size, MPI_BYTE, from, tag, comm_, MPI_STATUS_IGNORE);
  return bytes;
}

bool Mailbox::flushed() {
  while (!sent_.empty()) {
    int gone = 0;
    MPI_Test(&sent_.front().request, &gone, MPI_STATUS_IGNORE);
    if (gone == 0) return false;
    sent_.pop_front();
  }
  return true;
}

}  // namespace litebench::handout
