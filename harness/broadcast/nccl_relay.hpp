#pragma once
// Weights from one GPU's memory into the others', by NCCL. Not run on a GPU so far: tests drive it with made-up functions.

#include <string>

#include "harness/broadcast/piecewise.hpp"
#include "model/cuda/interface.hpp"

namespace litebench::broadcast {

/// One communicator of all ranks. `module` has NCCL and every rank a GPU of its own (NCCL finds out late and badly).
/// Announcements go over MPI, so that the reader's failure is heard by ranks that are not in NCCL yet; one that is waits
/// `patience` at most.
class NcclRelay final : public PiecewiseRelay {
 public:
  static constexpr std::uint64_t kPieceBytes = 256 << 20;

  NcclRelay(const launch::Group& all, const cuda::Interface& module, c10::Device device,
            launch::Group::Seconds patience, std::uint64_t piece_bytes = kPieceBytes);
  ~NcclRelay() override;
  [[nodiscard]] at::Tensor room(std::span<const std::int64_t> shape, at::ScalarType dtype) final;
  void pass() final;
  NcclRelay(const NcclRelay&) = delete;
  NcclRelay& operator=(const NcclRelay&) = delete;

 private:
  void open(std::uint64_t bytes) override;
  void carry(std::span<std::byte> piece) override;
  void close() override;
  void close_communicator();
  void check(int code, const char* doing) const;

  const cuda::Interface& module_;
  c10::Device device_;
  launch::Group::Seconds patience_;
  void* communicator_ = nullptr;
  at::Tensor last_;
};

}  // namespace litebench::broadcast
