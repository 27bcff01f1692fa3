#pragma once
// Weights that one process reads for all: how loading hands them over, whoever carries them.

#include <cstdint>
#include <span>

#include <ATen/core/Tensor.h>

namespace litebench::model {

/// Every process calls begin(), for each tensor of the model in the same order room() and pass(), then end(). What goes
/// wrong on the reader or on the way is an Error in all of them.
class WeightRelay {
 public:
  virtual ~WeightRelay() = default;
  /// Whether this process fills the tensors from its files.
  [[nodiscard]] virtual bool reads() const = 0;
  /// `bytes`: of all rooms, each rounded up to kRoomAlignment.
  virtual void begin(std::uint64_t bytes) = 0;
  /// Where the next tensor will be on this process, dense; to be written by the reader only.
  [[nodiscard]] virtual at::Tensor room(std::span<const std::int64_t> shape,
                                        at::ScalarType dtype) = 0;
  /// The values of the last room, from the reader's to the others'.
  virtual void pass() = 0;
  /// All tensors have their values, everywhere.
  virtual void end() = 0;
};

inline constexpr std::uint64_t kRoomAlignment =
    64;  // a cache line, and more than any kernel asks for

[[nodiscard]] constexpr std::uint64_t room_bytes(std::uint64_t bytes) {
  return (bytes + kRoomAlignment - 1) / kRoomAlignment * kRoomAlignment;
}

}  // namespace litebench::model
