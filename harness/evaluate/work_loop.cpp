#include "harness/evaluate/work_loop.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "harness/evaluate/prefetch.hpp"
#include "harness/measure/clock.hpp"

namespace litebench::evaluate {
namespace {

using PreparedGroup = std::vector<PreparedImage>;

PreparedGroup prepare_group(const WorkLoop& loop, const GroupPlan& group) {
  PreparedGroup prepared;
  for (const BundlePlan& bundle : group.members) prepared.push_back(loop.prepare(bundle));
  return prepared;
}

/// Pictures for `group` before it is begun; a suspect is prepared alone.
std::optional<PreparedGroup> prepare_ahead(const WorkLoop& loop, const GroupPlan& group) {
  if (loop.supervision == nullptr) return prepare_group(loop, group);
  if (!loop.supervision->may_prepare_ahead(group)) return std::nullopt;
  loop.supervision->preparing(group);
  PreparedGroup prepared = prepare_group(loop, group);
  loop.supervision->prepared(group);
  return prepared;
}

}  // namespace

void WorkLoop::run() {
  Prefetch<PreparedGroup> prefetch(
      [this] { return handout.peek(); },
      [this](std::uint32_t index) { return prepare_ahead(*this, plan.groups[index]); });
  while (const std::optional<std::uint32_t> index = handout.next()) {
    if (told_to_stop()) {
      handout.stop();
      return;
    }
    const measure::Stopwatch watch;
    const GroupPlan& group = plan.groups[*index];
    if (supervision != nullptr) supervision->begin(group);
    std::optional<PreparedGroup> ahead = prefetch.take(*index);
    const PreparedGroup prepared = ahead ? *std::move(ahead) : prepare_group(*this, group);
    // A helper thread beside a timed unit would disturb its clock.
    if (group.pass() == store::Pass::accuracy) prefetch.start();
    std::vector<store::Bundle> rows =
        passes[static_cast<std::size_t>(group.pass())]->run_group(group.members, prepared);
    // A start that finds only some of them does the group again: what it repeats audits the first.
    for (std::size_t i = 0; i < group.recorded; ++i) shard.commit(rows[i]);
    prefetch.settle();
    const double seconds = static_cast<double>(watch.elapsed_ns()) * 1e-9;
    if (supervision != nullptr) supervision->end(group, seconds);
    handout.done(*index, seconds);
  }
}

}  // namespace litebench::evaluate
