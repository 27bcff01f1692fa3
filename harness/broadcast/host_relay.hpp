#pragma once
// Weights over MPI into one copy per machine.

#include <memory>

#include "harness/broadcast/piecewise.hpp"
#include "harness/broadcast/shared_memory.hpp"

namespace litebench::broadcast {

/// The first rank of every machine receives into memory that the machine's other ranks map. On rank 0's machine the same
/// memory is what it reads into. Tensors are in host memory and read-only after end(). Small ones travel together: hundreds
/// of machines cost some tenths of a millisecond a piece, whatever its size.
class HostRelay final : public PiecewiseRelay {
 public:
  static constexpr std::uint64_t kPieceBytes = 8 << 20;

  explicit HostRelay(const launch::Group& all, std::uint64_t piece_bytes = kPieceBytes);
  ~HostRelay() override;
  HostRelay(const HostRelay&) = delete;
  HostRelay& operator=(const HostRelay&) = delete;

  [[nodiscard]] at::Tensor room(std::span<const std::int64_t> shape, at::ScalarType dtype) final;
  void pass() final;

  /// Of the job.
  [[nodiscard]] int nodes() const { return nodes_; }

 private:
  void open(std::uint64_t bytes) override;
  void carry(std::span<std::byte> piece) override;
  void close() override;
  void before_end() override;
  void send_up_to(std::uint64_t end);
  [[nodiscard]] bool first_here() const { return node_.rank() == 0; }

  launch::Group node_, leaders_;
  int nodes_ = 1;
  std::shared_ptr<SharedMemory> memory_;
  std::uint64_t piece_bytes_;
  std::uint64_t used_ = 0, sent_ = 0;
};

}  // namespace litebench::broadcast
