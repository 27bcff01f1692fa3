#include "harness/broadcast/nccl_relay.hpp"

#include <array>

#include <ATen/ops/empty.h>
#include <fmt/core.h>

namespace litebench::broadcast {

NcclRelay::NcclRelay(const launch::Group& all, const cuda::Interface& module, c10::Device device,
                     launch::Group::Seconds patience, std::uint64_t piece_bytes)
    : PiecewiseRelay(all, piece_bytes), module_(module), device_(device), patience_(patience) {}

NcclRelay::~NcclRelay() { close_communicator(); }

void NcclRelay::open(std::uint64_t /*bytes*/) {
  std::array<std::uint8_t, cuda::kNcclIdBytes> id{};
  together([&] {
    if (reads()) check(module_.nccl_make_id(id.data()), "beginning");
  });
  all().broadcast(std::as_writable_bytes(std::span(id)));
  together([&] {
    check(
        module_.nccl_open(id.data(), all().rank(), all().size(), patience_.count(), &communicator_),
        "meeting");
  });
}

at::Tensor NcclRelay::room(std::span<const std::int64_t> shape, at::ScalarType dtype) {
  last_ = at::empty(at::IntArrayRef(shape.data(), shape.size()),
                    at::TensorOptions().dtype(dtype).device(device_));
  return last_;
}

void NcclRelay::pass() { send({static_cast<std::byte*>(last_.data_ptr()), last_.nbytes()}); }

void NcclRelay::carry(std::span<std::byte> piece) {
  check(module_.nccl_broadcast(communicator_, piece.data(), piece.size(), patience_.count()),
        "passing a piece on");
}

void NcclRelay::close() {
  last_ = at::Tensor();
  close_communicator();
  all().agree();
}

void NcclRelay::close_communicator() {
  if (communicator_ != nullptr) module_.nccl_close(communicator_);
  communicator_ = nullptr;
}

void NcclRelay::check(int code, const char* doing) const {
  if (code == 0) return;
  throw Error(ExitCode::restart,
              fmt::format("NCCL failed while {} ({} ranks share the weights)", doing, all().size()),
              module_.last_error(), "start again, or set model.broadcast = false");
}

}  // namespace litebench::broadcast
