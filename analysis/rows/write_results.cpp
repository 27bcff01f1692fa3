#include "analysis/rows/write_results.hpp"

#include <map>
#include <span>

namespace litebench::analysis {
namespace {

using results::Column;
using Integers = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

template <typename T, typename List, typename Get>
std::vector<T> column(const List& list, Get get) {
  std::vector<T> values;
  for (const auto& item : list) values.push_back(static_cast<T>(get(item)));
  return values;
}

void write_lists(results::Writer& file, const Run& run) {
  const auto ids = [&](auto get) { return Column{"", column<std::string>(run.variants, get)}; };
  std::vector<Column> variants{
      ids([](const Variant& v) { return v.id; }),
      ids([](const Variant& v) { return v.method; }),
      {"", column<std::int64_t>(run.variants, [](const Variant& v) { return v.tokens; })},
      ids([](const Variant& v) { return v.mode; }),
      ids([](const Variant& v) { return v.position; }),
      ids([](const Variant& v) { return v.order; }),
      ids([](const Variant& v) { return v.json; })};
  const char* names[] = {"id", "method", "tokens", "mode", "position", "order", "json"};
  for (std::size_t i = 0; i < variants.size(); ++i) variants[i].name = names[i];
  file.text_table("variants", variants);
  file.text_table("splits", std::vector<Column>{{"name", run.splits}});
  file.text_table("protocols", std::vector<Column>{{"json", run.protocols}});
}

void write_attempts(results::Writer& file, const Run& run) {
  const auto text = [&](const char* name, auto get) {
    return Column{name, column<std::string>(run.processes, get)};
  };
  const auto number = [&](const char* name, auto get) {
    return Column{name, column<std::int64_t>(run.processes, get)};
  };
  const std::vector<Column> columns{
      text("attempt", [](const Process& p) { return p.attempt; }),
      text("shard", [](const Process& p) { return p.file; }),
      number("rank", [](const Process& p) { return p.rank; }),
      number("ranks", [](const Process& p) { return p.ranks; }),
      text("family", [](const Process& p) { return p.family; }),
      text("pack", [](const Process& p) { return p.pack; }),
      text("plan", [](const Process& p) { return p.plan; }),
      number("clean_end", [](const Process& p) { return p.clean_end ? 1 : 0; }),
      number("valid_bytes", [](const Process& p) { return p.valid_bytes; }),
      number("total_bytes", [](const Process& p) { return p.total_bytes; }),
      text("damage", [](const Process& p) { return p.damage; })};
  file.text_table("attempts", columns);
}

/// Appends texts to the byte heap, equal ones once.
class Heap {
 public:
  explicit Heap(std::vector<std::byte>& bytes) : bytes_(bytes) {}
  results::Slice put(const std::string& text) {
    const auto [found, fresh] = known_.try_emplace(text);
    if (fresh) {
      found->second = {bytes_.size(), static_cast<std::uint32_t>(text.size())};
      const auto data = std::as_bytes(std::span(text));
      bytes_.insert(bytes_.end(), data.begin(), data.end());
    }
    return found->second;
  }

 private:
  std::vector<std::byte>& bytes_;
  std::map<std::string, results::Slice> known_;
};

std::vector<results::Provenance> provenance_rows(const Run& run, Heap& heap) {
  std::vector<results::Provenance> rows;
  for (std::size_t p = 0; p < run.processes.size(); ++p) {
    const auto add = [&](const std::string& key, const std::string& value) {
      rows.push_back({static_cast<std::int32_t>(p), heap.put(key), heap.put(value)});
    };
    add("config", run.processes[p].config);
    for (const auto& [key, value] : run.processes[p].environment) add(key, value);
  }
  return rows;
}

std::vector<results::Failure> failure_rows(const Run& run, Heap& heap) {
  std::vector<results::Failure> rows;
  for (const Failure& failure : run.failures) {
    const results::Unit& unit = run.units[failure.unit];
    rows.push_back({static_cast<std::int64_t>(failure.unit), unit.dataset, unit.split,
                    unit.protocol, unit.variant, unit.seed, unit.sample_id, unit.image_id,
                    unit.pass, unit.status, heap.put(failure.message)});
  }
  return rows;
}

}  // namespace

Fingerprints write_results(const Run& run, const std::filesystem::path& path,
                           std::string_view verdict) {
  results::Writer file(path, {run.datasets, run.splits});
  file.attribute("verdict", verdict);
  file.attribute("family", run.processes.front().family);
  std::vector<std::byte> texts;
  Heap heap(texts);
  std::vector<results::Failure> failures = failure_rows(run, heap);
  std::vector<results::Provenance> provenance = provenance_rows(run, heap);
  // Masks and indices first: their offsets then depend on the rows alone, not on how often the run
  // was started.
  const std::uint64_t base = run.bytes.size();
  for (results::Failure& row : failures) row.message.offset += base;
  for (results::Provenance& row : provenance) {
    row.key.offset += base;
    row.value.offset += base;
  }
  file.table<results::Expression>("expressions", run.expressions);
  file.table<results::Unit>("units", run.units);
  file.table<results::Unit>("cold_starts", run.cold_starts);
  file.table<results::Tokens>("tokens", run.tokens);
  file.table<results::Image>("images", run.images);
  file.table<results::Sample>("samples", run.samples);
  file.table<results::Sentence>("sentences", run.sentences);
  file.table<results::Bundle>("bundles", run.bundles);
  file.table<results::Failure>("failures", failures);
  file.table<results::Provenance>("provenance", provenance);
  write_lists(file, run);
  write_attempts(file, run);
  const std::span<const std::byte> bytes[] = {run.bytes, texts};
  file.bytes("bytes", bytes);
  const Fingerprints fingerprints = fingerprints_of(file.hashes());
  file.attribute("fingerprint", fingerprints.rows);
  file.attribute("answers", fingerprints.answers);
  file.finish();
  return fingerprints;
}

}  // namespace litebench::analysis
