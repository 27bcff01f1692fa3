#include "analysis/rows/read_results.hpp"

#include <algorithm>
#include <span>

#include <fmt/core.h>

#include "base/error.hpp"

namespace litebench::analysis {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

[[noreturn]] void damaged(const std::filesystem::path& file, std::string_view reason) {
  throw Error(ExitCode::data, fmt::format("{} is damaged", file.string()), reason,
              "make it again from the shards: litebench-reduce RUN");
}

/// Columns of a small table by name.
class TextTable {
 public:
  TextTable(const results::Reader& reader, std::string_view name, const std::filesystem::path& file)
      : columns_(reader.text_table(name)), name_(name), file_(file) {}

  [[nodiscard]] std::vector<std::string> texts(std::string_view column) const {
    return get<std::string>(column);
  }
  [[nodiscard]] std::vector<std::int64_t> numbers(std::string_view column) const {
    return get<std::int64_t>(column);
  }

 private:
  template <typename T>
  [[nodiscard]] std::vector<T> get(std::string_view column) const {
    for (const results::Column& c : columns_) {
      if (c.name != column) continue;
      if (const auto* values = std::get_if<std::vector<T>>(&c.values)) return *values;
    }
    damaged(file_, fmt::format("/{} has no column {}", name_, column));
  }

  std::vector<results::Column> columns_;
  std::string_view name_;
  const std::filesystem::path& file_;
};

/// Files of earlier versions lack tables that were added since.
bool has_table(const results::Reader& reader, std::string_view name) {
  const auto tables = reader.hashes();
  return std::any_of(tables.begin(), tables.end(), [&](const auto& t) { return t.first == name; });
}

void read_variants(Run& run, const TextTable& table) {
  const auto ids = table.texts("id"), methods = table.texts("method"), json = table.texts("json"),
             modes = table.texts("mode"), positions = table.texts("position"),
             orders = table.texts("order");
  const auto tokens = table.numbers("tokens");
  for (std::size_t i = 0; i < ids.size(); ++i) {
    run.variants.push_back(
        {ids[i], methods[i], json[i], tokens[i], modes[i], positions[i], orders[i]});
  }
}

void read_attempts(Run& run, const TextTable& table) {
  const auto attempts = table.texts("attempt"), shards = table.texts("shard"),
             families = table.texts("family"), packs = table.texts("pack"),
             plans = table.texts("plan"), damages = table.texts("damage");
  const auto ranks = table.numbers("rank"), of = table.numbers("ranks"),
             ends = table.numbers("clean_end"), valid = table.numbers("valid_bytes"),
             total = table.numbers("total_bytes");
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    Process process;
    process.attempt = attempts[i];
    process.file = shards[i];
    process.rank = static_cast<std::int32_t>(ranks[i]);
    process.ranks = static_cast<std::int32_t>(of[i]);
    process.family = families[i];
    process.pack = packs[i];
    process.plan = plans[i];
    process.clean_end = ends[i] != 0;
    process.valid_bytes = static_cast<std::uint64_t>(valid[i]);
    process.total_bytes = static_cast<std::uint64_t>(total[i]);
    process.damage = damages[i];
    run.processes.push_back(std::move(process));
  }
}

/// Slices are checked once here, so that everything behind may use them.
class Heap {
 public:
  Heap(const Run& run, const std::filesystem::path& file) : run_(run), file_(file) {}

  void check(const results::Slice& slice) const {
    if (slice.offset <= run_.bytes.size() && slice.length <= run_.bytes.size() - slice.offset)
      return;
    damaged(file_, fmt::format("a row points at bytes {} to {} of {}", slice.offset,
                               slice.offset + slice.length, run_.bytes.size()));
  }
  [[nodiscard]] std::string text(const results::Slice& slice) const {
    check(slice);
    return {reinterpret_cast<const char*>(run_.bytes.data() + slice.offset), slice.length};
  }

 private:
  const Run& run_;
  const std::filesystem::path& file_;
};

void read_provenance(Run& run, const results::Reader& reader, const Heap& heap,
                     const std::filesystem::path& file) {
  for (const results::Provenance& row : reader.table<results::Provenance>("provenance")) {
    if (row.attempt < 0 || row.attempt >= std::ssize(run.processes))
      damaged(file, "/provenance names an attempt that is not there");
    Process& process = run.processes[at(row.attempt)];
    const std::string key = heap.text(row.key);
    if (key == "config") {
      process.config = heap.text(row.value);
    } else {
      process.environment.emplace_back(key, heap.text(row.value));
    }
  }
}

void check_rows(const Run& run, const Heap& heap, const std::filesystem::path& file) {
  const auto known = [&](const auto& row) {
    return row.dataset >= 0 && row.dataset < std::ssize(run.datasets) && row.split >= 0 &&
           row.split < std::ssize(run.splits) && row.protocol >= 0 &&
           row.protocol < std::ssize(run.protocols);
  };
  const auto check = [&](const auto& rows, std::string_view table) {
    for (const auto& row : rows) {
      if (!known(row) || row.variant < 0 || row.variant >= std::ssize(run.variants))
        damaged(file, fmt::format("a row of /{} names a split, protocol or variant that is not in "
                                  "the lists",
                                  table));
    }
  };
  check(run.expressions, "expressions");
  check(run.units, "units");
  check(run.cold_starts, "cold_starts");
  for (const results::Sample& row : run.samples) {
    if (!known(row)) damaged(file, "a row of /samples names a split that is not in the lists");
  }
  for (const results::Expression& row : run.expressions) heap.check(row.bytes);
  for (const results::Image& row : run.images) heap.check(row.file_name);
  for (const results::Sentence& row : run.sentences) {
    heap.check(row.text);
    heap.check(row.target);
  }
  for (const results::Tokens& row : run.tokens) {
    heap.check(row.bytes);
    if (row.unit < 0 || row.unit >= std::ssize(run.units))
      damaged(file, "a row of /tokens names a unit that is not there");
  }
}

void read_failures(Run& run, const results::Reader& reader, const Heap& heap,
                   const std::filesystem::path& file) {
  for (const results::Failure& row : reader.table<results::Failure>("failures")) {
    if (row.unit < 0 || row.unit >= std::ssize(run.units))
      damaged(file, "a row of /failures names a unit that is not there");
    run.failures.push_back({at(row.unit), heap.text(row.message)});
  }
}

}  // namespace

Run read_results(const std::filesystem::path& file) {
  const results::Reader reader(file);
  Run run;
  run.directory = file.parent_path();
  run.datasets = reader.names("expressions", "dataset");
  run.splits = TextTable(reader, "splits", file).texts("name");
  run.protocols = TextTable(reader, "protocols", file).texts("json");
  read_variants(run, TextTable(reader, "variants", file));
  read_attempts(run, TextTable(reader, "attempts", file));
  run.images = reader.table<results::Image>("images");
  run.samples = reader.table<results::Sample>("samples");
  run.sentences = reader.table<results::Sentence>("sentences");
  run.expressions = reader.table<results::Expression>("expressions");
  run.units = reader.table<results::Unit>("units");
  if (has_table(reader, "cold_starts")) {
    run.cold_starts = reader.table<results::Unit>("cold_starts");
  }
  run.tokens = reader.table<results::Tokens>("tokens");
  run.bundles = reader.table<results::Bundle>("bundles");
  run.bytes = reader.bytes("bytes");
  const Heap heap(run, file);
  check_rows(run, heap, file);
  read_provenance(run, reader, heap, file);
  read_failures(run, reader, heap, file);
  return run;
}

Stamp read_stamp(const std::filesystem::path& file) {
  const results::Reader reader(file);
  return {reader.attribute("verdict"), reader.attribute("family"), reader.attribute("fingerprint"),
          reader.attribute("answers")};
}

}  // namespace litebench::analysis
