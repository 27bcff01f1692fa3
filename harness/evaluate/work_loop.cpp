#include "harness/evaluate/work_loop.hpp"

#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "harness/measure/clock.hpp"

namespace litebench::evaluate {
namespace {

using PreparedGroup = std::vector<PreparedImage>;

PreparedGroup prepare_group(const WorkLoop& loop, const GroupPlan& group) {
  PreparedGroup prepared;
  for (const BundlePlan& bundle : group.members) prepared.push_back(loop.prepare(bundle));
  return prepared;
}

/// Pictures prepared ahead by a helper thread. A grant that is not known yet is prepared when it is
/// needed.
class Prefetch {
 public:
  explicit Prefetch(const WorkLoop& loop) : loop_(loop) {}

  PreparedGroup take(std::uint32_t index) {
    if (ahead_.valid() && index_ == index) return ahead_.get();
    return prepare_group(loop_, loop_.plan.groups[index]);
  }

  void start(std::optional<std::uint32_t> index) {
    if (!index) return;
    const GroupPlan& group = loop_.plan.groups[*index];
    Supervision* supervision = loop_.supervision;
    if (supervision != nullptr && !supervision->may_prepare_ahead(group)) return;
    if (supervision != nullptr) supervision->preparing(group);
    index_ = *index;
    ahead_ = std::async(std::launch::async, [&loop = loop_, &group, supervision] {
      PreparedGroup prepared = prepare_group(loop, group);
      if (supervision != nullptr) supervision->prepared(group);
      return prepared;
    });
  }

 private:
  const WorkLoop& loop_;
  std::uint32_t index_ = 0;
  std::future<PreparedGroup> ahead_;
};

}  // namespace

void WorkLoop::run() {
  Prefetch prefetch(*this);
  while (const std::optional<std::uint32_t> index = handout.next()) {
    if (told_to_stop()) {
      handout.stop();
      return;
    }
    const measure::Stopwatch watch;
    const GroupPlan& group = plan.groups[*index];
    if (supervision != nullptr) supervision->begin(group);
    const PreparedGroup prepared = prefetch.take(*index);
    // A helper thread beside a timed unit would disturb its clock.
    if (group.pass() == store::Pass::accuracy) prefetch.start(handout.peek());
    std::vector<store::Bundle> rows =
        passes[static_cast<std::size_t>(group.pass())]->run_group(group.members, prepared);
    // A start that finds only some of them does the group again: what it repeats audits the first.
    for (std::size_t i = 0; i < group.recorded; ++i) shard.commit(rows[i]);
    const double seconds = static_cast<double>(watch.elapsed_ns()) * 1e-9;
    if (supervision != nullptr) supervision->end(group, seconds);
    handout.done(*index, seconds);
  }
}

}  // namespace litebench::evaluate
