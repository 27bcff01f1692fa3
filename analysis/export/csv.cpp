#include "analysis/export/csv.hpp"

#include <iterator>
#include <map>

#include <fmt/core.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/files.hpp"
#include "analysis/manifest.hpp"
#include "analysis/rows/pairing.hpp"

namespace litebench::analysis {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

std::string field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

/// −1 means: not measured. An empty field is what every reader takes for that.
std::string measured(std::int64_t value) { return value < 0 ? "" : std::to_string(value); }

class Exporter {
 public:
  explicit Exporter(const Run& run) : run_(run) {
    const Pairing pairing = pair_samples(run);
    for (std::size_t i = 0; i < run.samples.size(); ++i)
      counted_.emplace(run.samples[i].sample_id, pairing.paired[i] != 0);
    for (const results::Sentence& sentence : run.sentences)
      sentences_.emplace(std::pair(sentence.sample_id, sentence.turn), &sentence);
  }

  std::string expressions() const {
    std::string out =
        "dataset,split,protocol,variant,method,tokens,seed,image_id,sample_id,turn,ref_id,sent_id,"
        "category_id,expression,status,counted,intersection,union,iou,predicted_area,target_area,"
        "overlap_area,overlap_hit,mask_hash\r\n";
    const auto to = std::back_inserter(out);
    for (const results::Expression& e : run_.expressions) {
      const auto found = sentences_.find({e.sample_id, e.turn});
      const results::Sentence* sentence = found == sentences_.end() ? nullptr : found->second;
      fmt::format_to(to, "{},{},{:016x},{},{},{},{},{},{},{},{},", names(e), e.image_id,
                     e.sample_id, e.turn, e.ref_id, e.sent_id,
                     sentence == nullptr ? -1 : sentence->category_id,
                     field(sentence == nullptr ? "" : text_of(sentence->text)),
                     store::name_of(e.status), counted(e.sample_id), e.intersection);
      const std::string iou = e.union_ == 0
                                  ? "1"
                                  : fmt::format("{}", static_cast<double>(e.intersection) /
                                                          static_cast<double>(e.union_));
      fmt::format_to(to, "{},{},{},{},{},{},{:016x}\r\n", e.union_, iou, e.predicted_area,
                     e.target_area, e.overlap_area, e.overlap_hit, e.mask_hash);
    }
    return out;
  }

  std::string units() const {
    std::string out =
        "dataset,split,protocol,variant,method,tokens,seed,image_id,sample_id,pass,status,"
        "attempt,rank,repeat,order,kept,kept_last,llm_tokens,layer_mean_tokens";
    for (std::size_t stage = 0; stage < store::kStages; ++stage)
      out += fmt::format(",{}_ns", store::name_of(static_cast<store::Stage>(stage)));
    out +=
        ",total_ns,peak_bytes_llm,peak_bytes_total,kv_bytes,flops_llm,flops_total,clock_mhz,"
        "temperature,throttled,energy_mj\r\n";
    const auto to = std::back_inserter(out);
    for (const results::Unit& unit : run_.units) {
      fmt::format_to(to, "{},{},{:016x},{},{},{},{},{},{},{},{},{},{}", names(unit), unit.image_id,
                     unit.sample_id, store::name_of(unit.pass), store::name_of(unit.status),
                     field(run_.processes[at(unit.attempt)].attempt), unit.rank, unit.repeat,
                     unit.order, measured(unit.kept), measured(unit.kept_last), unit.llm_tokens,
                     static_cast<double>(unit.layer_mean_tokens));
      for (const std::int64_t spent : unit.stage_ns) fmt::format_to(to, ",{}", measured(spent));
      fmt::format_to(to, ",{},{},{},{},{},{},{},{},{},{}\r\n", measured(unit.total_ns),
                     measured(unit.peak_bytes_llm), measured(unit.peak_bytes_total),
                     measured(unit.kv_bytes), double{unit.flops_llm}, double{unit.flops_total},
                     measured(unit.clock_mhz), measured(unit.temperature), measured(unit.throttled),
                     measured(unit.energy_mj));
    }
    return out;
  }

 private:
  /// dataset, split, protocol, variant, method, tokens, seed
  [[nodiscard]] std::string names(const auto& row) const {
    const Variant& variant = run_.variants[at(row.variant)];
    return fmt::format("{},{},{},{},{},{},{}", field(run_.datasets[at(row.dataset)]),
                       field(run_.splits[at(row.split)]), int{row.protocol}, field(variant.id),
                       field(variant.method),
                       variant.tokens > 0 ? std::to_string(variant.tokens) : "", int{row.seed});
  }
  [[nodiscard]] int counted(std::uint64_t sample_id) const {
    const auto found = counted_.find(sample_id);
    return found != counted_.end() && found->second ? 1 : 0;
  }
  [[nodiscard]] std::string_view text_of(const results::Slice& slice) const {
    return {reinterpret_cast<const char*>(run_.bytes.data()) + slice.offset, slice.length};
  }

  const Run& run_;
  std::map<std::uint64_t, bool> counted_;
  std::map<std::pair<std::uint64_t, std::int8_t>, const results::Sentence*> sentences_;
};

}  // namespace

void export_csv(const Run& run, const std::string& fingerprint,
                const std::filesystem::path& folder) {
  make_folder(folder);
  const Exporter exporter(run);
  nlohmann::ordered_json manifest{{"schema", 1}, {"fingerprint", fingerprint}};
  const auto write = [&](const char* name, const std::string& text, std::size_t rows) {
    write_text(folder / name, text);
    manifest["files"][name] = {{"rows", rows}, {"xxh3", hash_text(text)}};
  };
  write("expressions.csv", exporter.expressions(), run.expressions.size());
  write("units.csv", exporter.units(), run.units.size());
  write_text(folder / "manifest.json", manifest.dump(2) + "\n");
}

}  // namespace litebench::analysis
