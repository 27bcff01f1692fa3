#include "harness/evaluate/pass.hpp"

#include <new>

#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include "harness/measure/clock.hpp"

namespace litebench::evaluate {

store::Bundle GuardedPass::run(const BundlePlan& bundle, const PreparedImage& prepared) {
  using store::Status;
  if (!prepared.decode_error.empty())
    return failed(bundle, prepared, Status::failed_decode, prepared.decode_error);
  const c10::InferenceMode guard;
  const std::int64_t begin = measure::unix_ns();
  const measure::Stopwatch watch;
  try {
    BundleRows rows(context_.config, context_.plan, bundle, prepared, context_.rank);
    evaluate(bundle, prepared, rows);
    return rows.finish(begin, watch.elapsed_ns());
  } catch (const c10::OutOfMemoryError& error) {
    return failed(bundle, prepared, Status::oom, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    return failed(bundle, prepared, Status::oom, "the machine's memory does not suffice");
  }
}

store::Bundle GuardedPass::failed(const BundlePlan& bundle, const PreparedImage& prepared,
                                     store::Status status, std::string_view error) const {
  BundleRows rows(context_.config, context_.plan, bundle, prepared, context_.rank);
  rows.fail_all(runs_, status, error);
  return rows.finish(measure::unix_ns(), 0);
}

}  // namespace litebench::evaluate
