#include "harness/cli/chaos_check.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/core.h>

#include "analysis/rows/run.hpp"
#include "base/error.hpp"
#include "harness/config/config.hpp"
#include "shards/store/shard.hpp"

namespace litebench::cli::chaos {
namespace {

namespace results = analysis::results;

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// One run's rows as texts without what may differ.
class Rows {
 public:
  explicit Rows(const std::filesystem::path& path) : run_(analysis::load_run(path)) {}

  [[nodiscard]] bool has_times() const {
    return std::any_of(run_.units.begin(), run_.units.end(), [](const results::Unit& unit) {
      return unit.pass == store::Pass::latency;
    });
  }

  [[nodiscard]] std::vector<std::string> all() const {
    std::vector<std::string> lines;
    for (const auto& variant : run_.variants) lines.push_back("variant " + variant.id);
    for (const results::Image& row : run_.images) {
      lines.push_back(fmt::format("image {} {}x{} {}", std::int64_t{row.image_id},
                                  std::int32_t{row.height}, std::int32_t{row.width},
                                  payload(row.file_name)));
    }
    for (const results::Sample& row : run_.samples)
      lines.push_back("sample " + hex(&row, sizeof row));
    for (const results::Sentence& row : run_.sentences) {
      results::Sentence fixed = row;
      fixed.text = fixed.target = {};
      lines.push_back(fmt::format("sentence {} {} {}", hex(&fixed, sizeof fixed), payload(row.text),
                                  payload(row.target)));
    }
    for (const results::Expression& row : run_.expressions) {
      results::Expression fixed = row;
      fixed.bytes = {};
      lines.push_back(fmt::format("expression {} {}", hex(&fixed, sizeof fixed), payload(row.bytes)));
    }
    // How often a picture is timed beyond that hangs on its times.
    const std::int32_t repeats =
        config::parse_config(run_.processes.front().config, "the run's configuration", {})
            .latency.repeats;
    for (const results::Unit& row : run_.units) {
      if (row.repeat < repeats) lines.push_back(unit(row));
    }
    for (const results::Tokens& row : run_.tokens) {
      lines.push_back(fmt::format("tokens {} {} {}", std::int64_t{row.unit}, std::int16_t{row.layer},
                                  payload(row.bytes)));
    }
    return lines;
  }

 private:
  static std::string hex(const void* data, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i)
      text += fmt::format("{:02x}", static_cast<const unsigned char*>(data)[i]);
    return text;
  }

  [[nodiscard]] std::string payload(results::Slice slice) const {
    return hex(run_.bytes.data() + slice.offset, slice.length);
  }

  /// Without attempt, rank, clocks and measured memory.
  [[nodiscard]] std::string unit(const results::Unit& row) const {
    return fmt::format("unit {} {} seed {} pass {} status {} repeat {} kept {}/{} tokens {} {} flops {} {}",
                       std::uint64_t{row.sample_id}, std::int16_t{row.variant},
                       std::int16_t{row.seed}, static_cast<int>(row.pass),
                       static_cast<int>(row.status), std::int16_t{row.repeat},
                       std::int16_t{row.kept}, std::int16_t{row.kept_last},
                       std::int32_t{row.llm_tokens}, float{row.layer_mean_tokens},
                       double{row.flops_llm}, double{row.flops_total});
  }

  analysis::Run run_;
};

}  // namespace

std::vector<std::string> Ledger::look() {
  std::map<std::pair<std::string, std::uint64_t>, Commit> now;
  for (const std::filesystem::path& path : store::shards_of(run_)) {
    const std::string name = path.filename().string();
    try {
      const store::ShardContents shard = store::read_shard(path, store::Rows::commits_only);
      for (const store::Bundle& bundle : shard.bundles) {
        now[{name, std::uint64_t{bundle.commit.bundle_id}}] = {name, bundle.commit.begin_ns,
                                                bundle.commit.duration_ns};
      }
    } catch (const Error&) {
      // what it held before is missed below
    }
  }
  std::vector<std::string> lost;
  for (const auto& [key, commit] : known_) {
    const auto& [name, bundle] = key;
    const bool damaged = std::find(damaged_.begin(), damaged_.end(), name) != damaged_.end();
    const auto found = now.find(key);
    if (found == now.end()) {
      if (!damaged) lost.push_back(fmt::format("bundle {:016x} is gone from {}", bundle, name));
    } else if (found->second.begin_ns != commit.begin_ns ||
               found->second.duration_ns != commit.duration_ns) {
      lost.push_back(fmt::format("bundle {:016x} in {} has another time", bundle, name));
    }
  }
  known_ = std::move(now);
  return lost;
}

std::string Ledger::flip_a_bit(std::uint64_t random) {
  const std::vector<std::filesystem::path> shards = store::shards_of(run_);
  if (shards.empty()) return "";
  const std::filesystem::path& path = shards[random % shards.size()];
  const auto size = std::filesystem::file_size(path);
  if (size == 0) return "";
  const auto at = static_cast<std::streamoff>((random >> 8) % size);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekg(at);
  const int byte = file.get();
  file.seekp(at);
  file.put(static_cast<char>(byte ^ (1 << (random % 8))));
  file.close();
  damaged_.push_back(path.filename().string());
  return fmt::format("bit {} of byte {} of {} flipped", random % 8, at, damaged_.back());
}

std::vector<std::string> differences_of_runs(const std::filesystem::path& expected,
                                             const std::filesystem::path& found) {
  std::vector<std::string> differences;
  const Rows expected_rows(expected), found_rows(found);
  const std::vector<std::string> a = expected_rows.all(), b = found_rows.all();
  if (a.size() != b.size())
    differences.push_back(fmt::format("{} rows instead of {}", b.size(), a.size()));
  constexpr std::size_t kShown = 160, kMost = 10;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()) && differences.size() < kMost; ++i) {
    if (a[i] != b[i])
      differences.push_back(fmt::format("{} / {}", a[i].substr(0, kShown), b[i].substr(0, kShown)));
  }
  // Times are measured anew in every run; they are columns of the main table and part of every table's fingerprint.
  const std::vector<const char*> tables =
      expected_rows.has_times()
          ? std::vector{"metrics.csv"}
          : std::vector{"main.csv", "main.json", "metrics.csv", "metrics.json"};
  for (const char* table : tables) {
    if (slurp(expected / "tables" / table).empty()) continue;
    if (slurp(expected / "tables" / table) != slurp(found / "tables" / table))
      differences.push_back(fmt::format("tables/{} differs", table));
  }
  return differences;
}

}  // namespace litebench::cli::chaos
