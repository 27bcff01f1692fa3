#include "harness/evaluate/pass.hpp"

#include <algorithm>
#include <new>
#include <numeric>

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include "harness/evaluate/shares.hpp"
#include "harness/measure/clock.hpp"

namespace litebench::evaluate {
namespace {

/// What the stages of one image took, without those of the helper thread.
std::int64_t stage_sum(const BundleRows& rows) {
  const auto& ns = rows.shared_ns();
  return std::accumulate(
      ns.begin() + static_cast<std::size_t>(store::Stage::clip), ns.end(), std::int64_t{0},
      [](std::int64_t sum, std::int64_t stage) { return sum + std::max<std::int64_t>(stage, 0); });
}

}  // namespace

std::vector<store::Bundle> GuardedPass::run_group(std::span<const BundlePlan> bundles,
                                                  std::span<const PreparedImage> prepared) {
  const std::int64_t begin = measure::unix_ns();
  const measure::Stopwatch watch;
  std::vector<BundleRows> rows = begin_rows(bundles, prepared);
  std::vector<ImageWork> images;
  for (std::size_t i = 0; i < bundles.size(); ++i) {
    if (prepared[i].decode_error.empty()) images.push_back({bundles[i], prepared[i], rows[i]});
  }
  const std::optional<std::string> problem = memory_problem(images);
  if (problem) return out_of_memory(bundles, prepared, *problem);
  return finish(rows, begin, watch.elapsed_ns());
}

std::vector<BundleRows> GuardedPass::begin_rows(std::span<const BundlePlan> bundles,
                                                std::span<const PreparedImage> prepared) const {
  std::vector<BundleRows> rows;
  rows.reserve(bundles.size());
  for (std::size_t i = 0; i < bundles.size(); ++i) {
    rows.emplace_back(context_.config, context_.plan, bundles[i], prepared[i], context_.rank);
    if (const std::string& error = prepared[i].decode_error; !error.empty())
      rows.back().fail_all(runs_, store::Status::failed_decode, error);
  }
  return rows;
}

std::optional<std::string> GuardedPass::memory_problem(std::span<const ImageWork> images) {
  if (images.empty()) return std::nullopt;
  const c10::InferenceMode guard;
  try {
    evaluate(images);
    return std::nullopt;
  } catch (const c10::OutOfMemoryError& error) {
    return error.what_without_backtrace();
  } catch (const std::bad_alloc&) {
    return "the machine's memory does not suffice";
  }
}

std::vector<store::Bundle> GuardedPass::out_of_memory(std::span<const BundlePlan> bundles,
                                                      std::span<const PreparedImage> prepared,
                                                      std::string_view problem) const {
  std::vector<BundleRows> rows = begin_rows(bundles, prepared);  // anew: half of the work was there
  for (std::size_t i = 0; i < bundles.size(); ++i) {
    if (prepared[i].decode_error.empty()) rows[i].fail_all(runs_, store::Status::oom, problem);
  }
  return finish(rows, measure::unix_ns(), 0);
}

/// Images one after the other, as if nothing had been computed together: so that the records' times
/// neither overlap nor leave gaps.
std::vector<store::Bundle> GuardedPass::finish(std::vector<BundleRows>& rows, std::int64_t begin_ns,
                                               std::int64_t duration_ns) {
  std::vector<std::int64_t> stages;
  for (const BundleRows& image : rows) stages.push_back(stage_sum(image));
  const std::vector<std::int64_t> durations = shares(duration_ns, stages);
  std::vector<store::Bundle> finished;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    finished.push_back(rows[i].finish(begin_ns, durations[i]));
    begin_ns += durations[i];
  }
  return finished;
}

}  // namespace litebench::evaluate
