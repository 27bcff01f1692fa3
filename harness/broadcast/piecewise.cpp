#include "harness/broadcast/piecewise.hpp"

#include <algorithm>
#include <array>

#include <fmt/core.h>

namespace litebench::broadcast {

void PiecewiseRelay::begin(std::uint64_t bytes) {
  announce(Word::begin, bytes);
  open(bytes);
}

void PiecewiseRelay::send(std::span<std::byte> bytes) {
  for (std::uint64_t at = 0; at < bytes.size(); at += piece_bytes_) {
    const auto piece = bytes.subspan(at, std::min<std::uint64_t>(piece_bytes_, bytes.size() - at));
    announce(Word::piece, piece.size());
    carrying_ = true;
    carry(piece);
    carrying_ = false;
  }
}

void PiecewiseRelay::end() {
  before_end();
  announce(Word::end, 0);
  close();
}

void PiecewiseRelay::fail(const Error& error) {
  if (carrying_) return;
  std::array said = {static_cast<std::uint64_t>(Word::failed), std::uint64_t{0}};
  all_.broadcast(std::as_writable_bytes(std::span(said)));
  all_.agree(&error);
}

void PiecewiseRelay::announce(Word word, std::uint64_t bytes) {
  const std::array mine = {static_cast<std::uint64_t>(word), bytes};
  std::array said = mine;
  all_.broadcast(std::as_writable_bytes(std::span(said)));
  if (said[0] == static_cast<std::uint64_t>(Word::failed)) all_.agree();
  if (said == mine) return;
  throw Error(
      ExitCode::usage, "rank 0 sends other weights than this rank expects",
      fmt::format("{} bytes at a point where {} were expected", said[1], bytes),
      "start all ranks with the same configuration and the same config.json of the checkpoints");
}

}  // namespace litebench::broadcast
