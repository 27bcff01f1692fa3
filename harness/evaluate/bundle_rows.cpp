#include "harness/evaluate/bundle_rows.hpp"

#include "base/hash.hpp"
#include "kernels/rle/rle.hpp"

namespace litebench::evaluate {

BundleRows::BundleRows(const config::Config& config, const Plan& plan, const BundlePlan& bundle,
                       const PreparedImage& prepared, std::int16_t rank)
    : plan_row_(bundle),
      prepared_(prepared),
      rank_(rank),
      repeats_(bundle.row.pass == store::Pass::latency ? config.latency.repeats : 1) {
  store::CommitRow& commit = bundle_.commit;
  commit.bundle_id = bundle.row.bundle_id;
  commit.pass = bundle.row.pass;
  commit.dataset = bundle.row.dataset;
  commit.split = bundle.row.split;
  commit.protocol = bundle.row.protocol;
  commit.image_id = bundle.row.image_id;
  shared_ns_.fill(-1);
  add_image();
  add_samples(plan, config.protocols[static_cast<std::size_t>(bundle.row.protocol)].seed);
}

void BundleRows::add_image() {
  store::ImageRow row{};
  row.image_id = prepared_.image.id;
  row.height = prepared_.image.height;
  row.width = prepared_.image.width;
  row.dataset = plan_row_.row.dataset;
  row.file_name = bundle_.put(prepared_.image.file_name);
  bundle_.images.push_back(row);
}

void BundleRows::add_samples(const Plan& plan, std::int64_t protocol_seed) {
  const refer::Dataset& dataset = plan.datasets[static_cast<std::size_t>(plan_row_.row.dataset)];
  for (const PreparedSample& prepared : prepared_.samples) {
    const protocol::Sample& sample = prepared.sample;
    store::SampleRow row{};
    row.sample_id = sample.id;
    row.dataset = plan_row_.row.dataset;
    row.split = plan_row_.row.split;
    row.protocol = plan_row_.row.protocol;
    row.protocol_seed = protocol_seed;
    row.image_id = sample.image_id;
    row.ordinal = sample.ordinal;
    row.turns = static_cast<std::int16_t>(sample.turns.size());
    row.tokens = static_cast<std::int16_t>(prepared.input_ids.size());
    bundle_.samples.push_back(row);
    for (std::size_t t = 0; t < sample.turns.size(); ++t) {
      const protocol::Turn& turn = sample.turns[t];
      const refer::Ref& ref = dataset.refs[static_cast<std::size_t>(turn.where.ref)];
      store::SentenceRow sentence{};
      sentence.sample_id = sample.id;
      sentence.turn = static_cast<std::int8_t>(t);
      sentence.ref_id = turn.ref_id;
      sentence.sent_id = turn.sent_id;
      sentence.ann_id = ref.ann_ids.empty() ? -1 : ref.ann_ids.front();
      sentence.category_id = ref.category_ids.empty() ? -1 : ref.category_ids.front();
      sentence.template_index = static_cast<std::int8_t>(turn.template_index);
      sentence.answer_index = static_cast<std::int8_t>(turn.answer_index);
      if (const auto found = dataset.annotations.find(sentence.ann_id);
          found != dataset.annotations.end()) {
        for (std::size_t i = 0; i < 4; ++i)
          sentence.box[i] = static_cast<float>(found->second.box[i]);
      }
      sentence.text = bundle_.put(turn.expression);
      sentence.target = bundle_.put(prepared.targets[t]->rle);
      bundle_.sentences.push_back(sentence);
    }
  }
}

void BundleRows::add_expression(const RowKey& key, std::size_t turn,
                                const kernels::MaskScore& score,
                                const std::vector<std::uint8_t>& mask) {
  store::ExpressionRow row{};
  row.sample_id = prepared_.samples[key.sample].sample.id;
  row.variant = key.run.variant;
  row.seed = key.run.seed;
  row.turn = static_cast<std::int8_t>(turn);
  row.status = store::Status::ok;
  row.intersection = score.intersection;
  row.union_ = score.union_;
  row.predicted_area = score.predicted_area;
  row.target_area = score.target_area;
  row.overlap_area = score.overlap_area;
  row.overlap_hit = score.overlap_hit;
  const std::string rle = kernels::rle_to_string(
      kernels::rle_encode(mask.data(), prepared_.image.height, prepared_.image.width));
  row.mask_hash = hash64(rle);
  row.mask = bundle_.put(rle);
  bundle_.expressions.push_back(row);
}

void BundleRows::add_failed_expression(const RowKey& key, std::size_t turn, store::Status status) {
  store::ExpressionRow row{};
  row.sample_id = prepared_.samples[key.sample].sample.id;
  row.variant = key.run.variant;
  row.seed = key.run.seed;
  row.turn = static_cast<std::int8_t>(turn);
  row.status = status;
  bundle_.expressions.push_back(row);
}

void BundleRows::add_tokens(const RowKey& key, const prune::TokenLedger& ledger) {
  for (const prune::VisualSet& set : ledger.visual_sets()) {
    store::TokensRow row{};
    row.sample_id = prepared_.samples[key.sample].sample.id;
    row.variant = key.run.variant;
    row.seed = key.run.seed;
    row.layer = static_cast<std::int16_t>(set.layer);
    row.indices = bundle_.put(std::as_bytes(std::span(set.origins)));
    bundle_.tokens.push_back(row);
  }
}

store::UnitRow& BundleRows::add_unit(const RowKey& key, store::Status status,
                                     std::string_view error) {
  store::UnitRow row{};
  row.sample_id = prepared_.samples[key.sample].sample.id;
  row.variant = key.run.variant;
  row.seed = key.run.seed;
  row.pass = plan_row_.row.pass;
  row.status = status;
  row.rank = rank_;
  row.stage_ns.fill(-1);
  row.total_ns = row.peak_bytes_llm = row.peak_bytes_total = row.kv_bytes = row.energy_mj = -1;
  row.clock_mhz = row.temperature = row.throttled = -1;
  if (!error.empty()) row.error = bundle_.put(error);
  bundle_.units.push_back(row);
  return bundle_.units.back();
}

void BundleRows::fail_sample(std::size_t sample, const std::vector<VariantRun>& runs,
                             store::Status status, std::string_view error) {
  for (const VariantRun& run : runs) {
    const RowKey key{sample, run};
    for (std::int32_t repeat = 0; repeat < repeats_; ++repeat) {
      add_unit(key, status, error).repeat = static_cast<std::int16_t>(repeat);
    }
    if (plan_row_.row.pass == store::Pass::latency) continue;
    for (std::size_t t = 0; t < prepared_.samples[sample].sample.turns.size(); ++t) {
      add_failed_expression(key, t, status);
    }
  }
}

void BundleRows::fail_all(const std::vector<VariantRun>& runs, store::Status status,
                          std::string_view error) {
  for (std::size_t s = 0; s < prepared_.samples.size(); ++s) fail_sample(s, runs, status, error);
}

store::Bundle BundleRows::finish(std::int64_t begin_ns, std::int64_t duration_ns) {
  bundle_.commit.shared_ns = shared_ns_;
  bundle_.commit.begin_ns = begin_ns;
  bundle_.commit.duration_ns = duration_ns;
  return std::move(bundle_);
}

}  // namespace litebench::evaluate
