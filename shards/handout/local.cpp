#include <utility>

#include "shards/handout/handout.hpp"
#include "shards/handout/scheduler.hpp"

namespace litebench::handout {
namespace {

class Loop : public Handout {
 public:
  Loop(std::vector<WorkItem> items, std::uint32_t rank, ProgressCallback progress)
      : items_(static_part(items, 0, 1)), progress_(std::move(progress)) {
    report_.rank = rank;
    report_.reported = true;
  }

  std::optional<std::uint32_t> next() override {
    if (stopped_ || granted_ == items_.size()) return std::nullopt;
    return items_[granted_++].index;
  }

  std::optional<std::uint32_t> peek() override {
    if (stopped_ || granted_ == items_.size()) return std::nullopt;
    return items_[granted_].index;
  }

  void done(std::uint32_t, double seconds) override {
    ++report_.bundles;
    report_.busy_seconds += seconds;
    if (progress_) progress_({report_.bundles, granted_, items_.size(), 1});
  }

  void stop() override { stopped_ = true; }

  std::vector<RankReport> finish() override { return {report_}; }

 private:
  std::vector<WorkItem> items_;
  ProgressCallback progress_;
  std::size_t granted_ = 0;
  RankReport report_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<Handout> make_local(std::vector<WorkItem> items, ProgressCallback progress) {
  return std::make_unique<Loop>(std::move(items), 0, std::move(progress));
}

std::unique_ptr<Handout> make_static(std::span<const WorkItem> items, std::uint32_t rank, std::uint32_t ranks,
                                     ProgressCallback progress) {
  return std::make_unique<Loop>(static_part(items, rank, ranks), rank, std::move(progress));
}

}  // namespace litebench::handout
