#include "harness/broadcast/host_relay.hpp"

#include <stdexcept>

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

namespace litebench::broadcast {

HostRelay::HostRelay(const launch::Group& all, std::uint64_t piece_bytes)
    : PiecewiseRelay(all, piece_bytes),
      node_(all.node()),
      leaders_(all.part(first_here() ? 0 : 1)),
      piece_bytes_(piece_bytes) {
  nodes_ = -all.smallest(first_here() ? -leaders_.size() : 0);
}

// After an error MPI may still be about to write here.
HostRelay::~HostRelay() {
  if (memory_) memory_->keep_mapped();
}

void HostRelay::open(std::uint64_t bytes) {
  together([&] {
    if (first_here()) memory_ = std::make_shared<SharedMemory>(bytes);
  });
  const std::string address = node_.broadcast(first_here() ? memory_->address() : "");
  together([&] {
    if (!first_here()) memory_ = std::make_shared<SharedMemory>(address, bytes);
  });
  memory_->close_door();
}

at::Tensor HostRelay::room(std::span<const std::int64_t> shape, at::ScalarType dtype) {
  const auto options = at::TensorOptions().dtype(dtype);
  const at::IntArrayRef sizes(shape.data(), shape.size());
  const std::uint64_t bytes = c10::multiply_integers(sizes) * c10::elementSize(dtype);
  if (bytes == 0) return at::empty(sizes, options);
  if (used_ + bytes > memory_->bytes().size())
    throw std::logic_error("more weights are loaded than were counted");
  void* start = memory_->bytes().data() + used_;
  used_ += model::room_bytes(bytes);
  return at::from_blob(
      start, sizes, [memory = memory_](void*) {}, options);
}

void HostRelay::pass() {
  const std::uint64_t whole = (used_ - sent_) / piece_bytes_ * piece_bytes_;
  send_up_to(sent_ + whole);
}

void HostRelay::before_end() { send_up_to(used_); }

void HostRelay::send_up_to(std::uint64_t end) {
  send(memory_->bytes().subspan(sent_, end - sent_));
  sent_ = end;
}

void HostRelay::carry(std::span<std::byte> piece) {
  if (first_here()) leaders_.broadcast(piece);
}

/// Waits for all: nobody looks at a tensor before its machine's first rank has it.
void HostRelay::close() {
  all().agree();
  if (first_here()) memory_->make_read_only();
  memory_.reset();
}

}  // namespace litebench::broadcast
