#include "harness/evaluate/work_loop.hpp"

#include <future>
#include <optional>
#include <utility>

#include "harness/measure/clock.hpp"

namespace litebench::evaluate {
namespace {

/// Pictures prepared ahead by a helper thread. A grant that is not known yet is prepared when it is
/// needed.
class Prefetch {
 public:
  explicit Prefetch(const WorkLoop& loop) : loop_(loop) {}

  PreparedImage take(std::uint32_t index) {
    if (ahead_.valid() && index_ == index) return ahead_.get();
    return loop_.prepare(loop_.plan.bundles[index]);
  }

  void start(std::optional<std::uint32_t> index) {
    if (!index) return;
    const BundlePlan& bundle = loop_.plan.bundles[*index];
    Supervision* supervision = loop_.supervision;
    if (supervision != nullptr && !supervision->may_prepare_ahead(bundle)) return;
    if (supervision != nullptr) supervision->preparing(bundle);
    index_ = *index;
    ahead_ = std::async(std::launch::async, [&loop = loop_, &bundle, supervision] {
      PreparedImage prepared = loop.prepare(bundle);
      if (supervision != nullptr) supervision->prepared(bundle);
      return prepared;
    });
  }

 private:
  const WorkLoop& loop_;
  std::uint32_t index_ = 0;
  std::future<PreparedImage> ahead_;
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
    const BundlePlan& bundle = plan.bundles[*index];
    if (supervision != nullptr) supervision->begin(bundle);
    const PreparedImage prepared = prefetch.take(*index);
    // A helper thread beside a timed unit would disturb its clock.
    if (bundle.row.pass == store::Pass::accuracy) prefetch.start(handout.peek());
    store::Bundle rows = passes[static_cast<std::size_t>(bundle.row.pass)]->run(bundle, prepared);
    shard.commit(rows);
    const double seconds = static_cast<double>(watch.elapsed_ns()) * 1e-9;
    if (supervision != nullptr) supervision->end(bundle, seconds);
    handout.done(*index, seconds);
  }
}

}  // namespace litebench::evaluate
