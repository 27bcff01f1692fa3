#pragma once
// What every way of carrying weights has in common: rank 0 reads and says before each piece that there is one.

#include <exception>
#include <optional>

#include "harness/launch/group.hpp"
#include "model/weights/relay.hpp"

namespace litebench::broadcast {

/// A receiver always waits for an announcement first, so that it hears of the reader's failure wherever that happens.
class PiecewiseRelay : public model::WeightRelay {
 public:
  /// `all` outlives this.
  PiecewiseRelay(const launch::Group& all, std::uint64_t piece_bytes)
      : all_(all), piece_bytes_(piece_bytes) {}

  [[nodiscard]] bool reads() const final { return all_.rank() == 0; }
  void begin(std::uint64_t bytes) final;
  void end() final;

  /// On the reader, for what keeps it from going on: everybody's call throws it. Returns when they cannot be told.
  void fail(const Error& error);

 protected:
  [[nodiscard]] const launch::Group& all() const { return all_; }
  /// Runs `work` and throws what it met on any rank, as Error, on all.
  template <typename Work>
  void together(Work&& work);

  /// From the reader's memory to the others', piece after piece.
  void send(std::span<std::byte> bytes);

  virtual void open(std::uint64_t bytes) = 0;
  virtual void carry(std::span<std::byte> piece) = 0;
  /// Sends what pass() left over.
  virtual void before_end() {}
  virtual void close() = 0;

 private:
  enum class Word : std::uint64_t { begin, piece, end, failed };
  void announce(Word word, std::uint64_t bytes);

  const launch::Group& all_;
  std::uint64_t piece_bytes_;
  bool carrying_ = false;  ///< in a call of carry(): its failure is met by all
};

template <typename Work>
void PiecewiseRelay::together(Work&& work) {
  std::optional<Error> met;
  try {
    work();
  } catch (const Error& error) {
    met = error;
  }
  all_.agree(met ? &*met : nullptr);
}

}  // namespace litebench::broadcast
