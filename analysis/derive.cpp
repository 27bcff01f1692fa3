#include "analysis/derive.hpp"

#include "analysis/metrics/inference.hpp"
#include "analysis/published/published.hpp"
#include "analysis/tables/build.hpp"

namespace litebench::analysis {
namespace {

InferenceOptions inference_options(const TableOptions& tables, std::int32_t threads) {
  InferenceOptions out;
  out.draws = {tables.draws, static_cast<std::uint64_t>(tables.seed), threads};
  out.interval = {tables.interval, tables.level};
  out.correction = tables.correction;
  out.alpha = tables.alpha;
  out.power = tables.power;
  out.margin = tables.margin;
  out.least_images = static_cast<std::size_t>(tables.least_images);
  return out;
}

}  // namespace

Derived derive_tables(const Run& run, const Pairing& pairing, const DeriveOptions& options) {
  const Summary summary = summarise(run, pairing, options.summary);
  const Inference inference = infer(run, pairing, summary, options.summary,
                                    inference_options(options.tables, options.threads));
  TableInput input{
      run,         pairing, summary, inference, options.tables, options.verdict, options.summary,
      std::nullopt};
  if (!options.tables.reference.empty()) input.published = find_published(options.tables.reference);
  return {build_tables(input), summary.latency_units > 0};
}

}  // namespace litebench::analysis
