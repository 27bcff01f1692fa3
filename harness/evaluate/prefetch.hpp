#pragma once
// The next group's pictures are read, decoded and resampled on a helper thread while this one is
// computed.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <utility>

namespace litebench::evaluate {

/// Used from one thread. `Prepared` moves.
template <typename Prepared>
class Prefetch {
 public:
  /// `peek`: what comes next, when that is known already; called on the helper thread too, never
  /// after settle(). `prepare`: on either thread; nothing when it must not be done ahead.
  Prefetch(std::function<std::optional<std::uint32_t>()> peek,
           std::function<std::optional<Prepared>(std::uint32_t)> prepare)
      : peek_(std::move(peek)), prepare_(std::move(prepare)) {}
  ~Prefetch() { settle(); }
  Prefetch(const Prefetch&) = delete;
  Prefetch& operator=(const Prefetch&) = delete;

  /// The helper waits for the answer that names the next group: a rank asks when it takes its last
  /// one, so the answer comes while that one is computed.
  void start() {
    settled_ = false;
    ahead_ = std::async(std::launch::async, [this] {
      const std::optional<std::uint32_t> index = wait_for_index();
      return Ahead{index, index ? prepare_(*index) : std::nullopt};
    });
  }

  /// From here on the hand-out is the caller's alone; pictures in work are finished meanwhile.
  void settle() {
    const std::lock_guard lock(asking_);
    settled_ = true;
    woken_.notify_all();
  }

  /// What was prepared, if it was this one. Waits for the helper; throws what `prepare` threw.
  std::optional<Prepared> take(std::uint32_t index) {
    settle();
    if (!ahead_.valid()) return std::nullopt;
    Ahead ahead = ahead_.get();
    if (ahead.index != index) return std::nullopt;
    return std::move(ahead.prepared);
  }

 private:
  struct Ahead {
    std::optional<std::uint32_t> index;
    std::optional<Prepared> prepared;
  };

  std::optional<std::uint32_t> wait_for_index() {
    constexpr std::chrono::milliseconds kFirst{1}, kLongest{16};
    std::unique_lock lock(asking_);
    for (auto pause = kFirst; !settled_; pause = std::min(2 * pause, kLongest)) {
      if (const std::optional<std::uint32_t> index = peek_()) return index;
      woken_.wait_for(lock, pause, [this] { return settled_; });
    }
    return std::nullopt;
  }

  std::function<std::optional<std::uint32_t>()> peek_;
  std::function<std::optional<Prepared>(std::uint32_t)> prepare_;
  std::mutex asking_;
  std::condition_variable woken_;
  bool settled_ = true;       // under asking_
  std::future<Ahead> ahead_;  // its destructor waits: before the members it uses go
};

}  // namespace litebench::evaluate
