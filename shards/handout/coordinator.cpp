#include "shards/handout/coordinator.hpp"

#include <utility>

namespace litebench::handout {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{200};

}  // namespace

Coordinator::Coordinator(MPI_Comm comm, std::vector<WorkItem> items, std::uint32_t ranks,
                         ProgressCallback progress, const MpiOptions& options)
    : mailbox_(comm),
      desk_(
          std::move(items), ranks, options,
          [this](std::uint32_t rank, const CoordinatorSays& head,
                 std::span<const std::uint32_t> indices) {
            mailbox_.send(static_cast<int>(rank), kToRank, head, indices);
          },
          Clock::now()),
      progress_(std::move(progress)) {
  thread_ = std::thread([this] { work(); });
}

void Coordinator::finish() {
  finishing_ = true;
  if (thread_.joinable()) thread_.join();
}

void Coordinator::work() {
  while (!desk_.all_ended()) {
    if (receive()) continue;
    show_progress(false);
    if (finishing_) desk_.stop_working();
    desk_.idle(Clock::now());
    mailbox_.flushed();
    if (desk_.gives_up(Clock::now())) break;
    std::this_thread::sleep_for(patience_.next_sleep());
  }
  show_progress(true);
  desk_.say_goodbye();
  // The goodbyes are a few bytes; a rank that is gone must not keep this thread.
  for (int tries = 0; tries < 1000 && !mailbox_.flushed(); ++tries)
    std::this_thread::sleep_for(kShortSleep);
}

bool Coordinator::receive() {
  const auto message = mailbox_.poll<RankSays>(kToCoordinator);
  if (!message) return false;
  patience_.heard(message->head.kind);
  desk_.hear(*message, Clock::now());
  show_progress(false);
  return true;
}

void Coordinator::show_progress(bool even_if_recent) {
  const auto now = Clock::now();
  if (!progress_ || (!even_if_recent && now - last_progress_ < kProgressInterval)) return;
  last_progress_ = now;
  progress_(desk_.progress());
}

}  // namespace litebench::handout
