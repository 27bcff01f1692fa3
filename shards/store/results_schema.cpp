// The columns of results.h5, one list per table.

#include <cstddef>

#include "shards/store/results.hpp"

namespace litebench::store::results {
namespace {

using h5::Field;
using h5::Scalar;

using EnumNames = std::vector<std::pair<std::string, std::int64_t>>;

EnumNames numbered(const std::vector<std::string>& texts) {
  EnumNames names;
  for (std::size_t i = 0; i < texts.size(); ++i) names.emplace_back(texts[i], i);
  return names;
}

EnumNames pass_names() { return {{"accuracy", 0}, {"latency", 1}}; }

EnumNames status_names() {
  EnumNames names;
  for (int i = 0; i < kStatuses; ++i) {
    names.emplace_back(name_of(static_cast<Status>(i)), i);
  }
  return names;
}

}  // namespace

template <>
std::vector<Field> fields<Image>(const Names& names) {
  return {
      {"dataset", offsetof(Image, dataset), Scalar::i8, 1, numbered(names.datasets)},
      {"image_id", offsetof(Image, image_id), Scalar::i64},
      {"height", offsetof(Image, height), Scalar::i32},
      {"width", offsetof(Image, width), Scalar::i32},
      {"file_name_offset", offsetof(Image, file_name) + offsetof(Slice, offset), Scalar::u64},
      {"file_name_length", offsetof(Image, file_name) + offsetof(Slice, length), Scalar::u32},
  };
}

template <>
std::vector<Field> fields<Sample>(const Names& names) {
  return {
      {"sample_id", offsetof(Sample, sample_id), Scalar::u64},
      {"dataset", offsetof(Sample, dataset), Scalar::i8, 1, numbered(names.datasets)},
      {"split", offsetof(Sample, split), Scalar::i8, 1, numbered(names.splits)},
      {"protocol", offsetof(Sample, protocol), Scalar::i16},
      {"protocol_seed", offsetof(Sample, protocol_seed), Scalar::i64},
      {"image_id", offsetof(Sample, image_id), Scalar::i64},
      {"ordinal", offsetof(Sample, ordinal), Scalar::i32},
      {"order", offsetof(Sample, order), Scalar::i32},
      {"turns", offsetof(Sample, turns), Scalar::i16},
      {"tokens", offsetof(Sample, tokens), Scalar::i16},
  };
}

template <>
std::vector<Field> fields<Sentence>(const Names& /*names*/) {
  return {
      {"sample_id", offsetof(Sentence, sample_id), Scalar::u64},
      {"turn", offsetof(Sentence, turn), Scalar::i8},
      {"ref_id", offsetof(Sentence, ref_id), Scalar::i64},
      {"sent_id", offsetof(Sentence, sent_id), Scalar::i64},
      {"ann_id", offsetof(Sentence, ann_id), Scalar::i64},
      {"category_id", offsetof(Sentence, category_id), Scalar::i64},
      {"template_index", offsetof(Sentence, template_index), Scalar::i8},
      {"answer_index", offsetof(Sentence, answer_index), Scalar::i8},
      {"box", offsetof(Sentence, box), Scalar::f32, 4},
      {"text_offset", offsetof(Sentence, text) + offsetof(Slice, offset), Scalar::u64},
      {"text_length", offsetof(Sentence, text) + offsetof(Slice, length), Scalar::u32},
      {"target_offset", offsetof(Sentence, target) + offsetof(Slice, offset), Scalar::u64},
      {"target_length", offsetof(Sentence, target) + offsetof(Slice, length), Scalar::u32},
  };
}

template <>
std::vector<Field> fields<Expression>(const Names& names) {
  return {
      {"dataset", offsetof(Expression, dataset), Scalar::i8, 1, numbered(names.datasets)},
      {"split", offsetof(Expression, split), Scalar::i8, 1, numbered(names.splits)},
      {"protocol", offsetof(Expression, protocol), Scalar::i16},
      {"variant", offsetof(Expression, variant), Scalar::i16},
      {"seed", offsetof(Expression, seed), Scalar::i16},
      {"sample_id", offsetof(Expression, sample_id), Scalar::u64},
      {"image_id", offsetof(Expression, image_id), Scalar::i64},
      {"ref_id", offsetof(Expression, ref_id), Scalar::i64},
      {"sent_id", offsetof(Expression, sent_id), Scalar::i64},
      {"turn", offsetof(Expression, turn), Scalar::i8},
      {"status", offsetof(Expression, status), Scalar::i8, 1, status_names()},
      {"intersection", offsetof(Expression, intersection), Scalar::i64},
      {"union", offsetof(Expression, union_), Scalar::i64},
      {"predicted_area", offsetof(Expression, predicted_area), Scalar::i64},
      {"target_area", offsetof(Expression, target_area), Scalar::i64},
      {"overlap_area", offsetof(Expression, overlap_area), Scalar::i64},
      {"overlap_hit", offsetof(Expression, overlap_hit), Scalar::i64},
      {"mask_hash", offsetof(Expression, mask_hash), Scalar::u64},
      {"bytes_offset", offsetof(Expression, bytes) + offsetof(Slice, offset), Scalar::u64},
      {"bytes_length", offsetof(Expression, bytes) + offsetof(Slice, length), Scalar::u32},
  };
}

template <>
std::vector<Field> fields<Unit>(const Names& names) {
  return {
      {"dataset", offsetof(Unit, dataset), Scalar::i8, 1, numbered(names.datasets)},
      {"split", offsetof(Unit, split), Scalar::i8, 1, numbered(names.splits)},
      {"protocol", offsetof(Unit, protocol), Scalar::i16},
      {"variant", offsetof(Unit, variant), Scalar::i16},
      {"seed", offsetof(Unit, seed), Scalar::i16},
      {"sample_id", offsetof(Unit, sample_id), Scalar::u64},
      {"image_id", offsetof(Unit, image_id), Scalar::i64},
      {"pass", offsetof(Unit, pass), Scalar::i8, 1, pass_names()},
      {"status", offsetof(Unit, status), Scalar::i8, 1, status_names()},
      {"attempt", offsetof(Unit, attempt), Scalar::i32},
      {"rank", offsetof(Unit, rank), Scalar::i16},
      {"repeat", offsetof(Unit, repeat), Scalar::i16},
      {"order", offsetof(Unit, order), Scalar::i16},
      {"kept", offsetof(Unit, kept), Scalar::i16},
      {"kept_last", offsetof(Unit, kept_last), Scalar::i16},
      {"llm_tokens", offsetof(Unit, llm_tokens), Scalar::i32},
      {"layer_mean_tokens", offsetof(Unit, layer_mean_tokens), Scalar::f32},
      {"stage_ns", offsetof(Unit, stage_ns), Scalar::i64, kStages},
      {"total_ns", offsetof(Unit, total_ns), Scalar::i64},
      {"peak_bytes_llm", offsetof(Unit, peak_bytes_llm), Scalar::i64},
      {"peak_bytes_total", offsetof(Unit, peak_bytes_total), Scalar::i64},
      {"kv_bytes", offsetof(Unit, kv_bytes), Scalar::i64},
      {"flops_llm", offsetof(Unit, flops_llm), Scalar::f64},
      {"flops_total", offsetof(Unit, flops_total), Scalar::f64},
      {"clock_mhz", offsetof(Unit, clock_mhz), Scalar::i32},
      {"temperature", offsetof(Unit, temperature), Scalar::i32},
      {"throttled", offsetof(Unit, throttled), Scalar::i32},
      {"energy_mj", offsetof(Unit, energy_mj), Scalar::i64},
  };
}

template <>
std::vector<Field> fields<Tokens>(const Names& /*names*/) {
  return {
      {"unit", offsetof(Tokens, unit), Scalar::i64},
      {"layer", offsetof(Tokens, layer), Scalar::i16},
      {"bytes_offset", offsetof(Tokens, bytes) + offsetof(Slice, offset), Scalar::u64},
      {"bytes_length", offsetof(Tokens, bytes) + offsetof(Slice, length), Scalar::u32},
  };
}

template <>
std::vector<Field> fields<Bundle>(const Names& names) {
  return {
      {"bundle_id", offsetof(Bundle, bundle_id), Scalar::u64},
      {"pass", offsetof(Bundle, pass), Scalar::i8, 1, pass_names()},
      {"dataset", offsetof(Bundle, dataset), Scalar::i8, 1, numbered(names.datasets)},
      {"split", offsetof(Bundle, split), Scalar::i8, 1, numbered(names.splits)},
      {"protocol", offsetof(Bundle, protocol), Scalar::i16},
      {"image_id", offsetof(Bundle, image_id), Scalar::i64},
      {"attempt", offsetof(Bundle, attempt), Scalar::i32},
      {"samples", offsetof(Bundle, samples), Scalar::i32},
      {"expressions", offsetof(Bundle, expressions), Scalar::i32},
      {"units", offsetof(Bundle, units), Scalar::i32},
      {"shared_ns", offsetof(Bundle, shared_ns), Scalar::i64, kStages},
      {"begin_ns", offsetof(Bundle, begin_ns), Scalar::i64},
      {"duration_ns", offsetof(Bundle, duration_ns), Scalar::i64},
  };
}

template <>
std::vector<Field> fields<Failure>(const Names& names) {
  return {
      {"unit", offsetof(Failure, unit), Scalar::i64},
      {"dataset", offsetof(Failure, dataset), Scalar::i8, 1, numbered(names.datasets)},
      {"split", offsetof(Failure, split), Scalar::i8, 1, numbered(names.splits)},
      {"protocol", offsetof(Failure, protocol), Scalar::i16},
      {"variant", offsetof(Failure, variant), Scalar::i16},
      {"seed", offsetof(Failure, seed), Scalar::i16},
      {"sample_id", offsetof(Failure, sample_id), Scalar::u64},
      {"image_id", offsetof(Failure, image_id), Scalar::i64},
      {"pass", offsetof(Failure, pass), Scalar::i8, 1, pass_names()},
      {"status", offsetof(Failure, status), Scalar::i8, 1, status_names()},
      {"message_offset", offsetof(Failure, message) + offsetof(Slice, offset), Scalar::u64},
      {"message_length", offsetof(Failure, message) + offsetof(Slice, length), Scalar::u32},
  };
}

template <>
std::vector<Field> fields<Provenance>(const Names& /*names*/) {
  return {
      {"attempt", offsetof(Provenance, attempt), Scalar::i32},
      {"key_offset", offsetof(Provenance, key) + offsetof(Slice, offset), Scalar::u64},
      {"key_length", offsetof(Provenance, key) + offsetof(Slice, length), Scalar::u32},
      {"value_offset", offsetof(Provenance, value) + offsetof(Slice, offset), Scalar::u64},
      {"value_length", offsetof(Provenance, value) + offsetof(Slice, length), Scalar::u32},
  };
}

}  // namespace litebench::store::results
