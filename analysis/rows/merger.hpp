#pragma once
// The chosen bundles become the sorted tables of a Run. Private to merge*.cpp.

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "analysis/rows/packs.hpp"
#include "analysis/rows/shards.hpp"
#include "base/parallel.hpp"

namespace litebench::analysis {

/// Where a row lies before it is copied: sorting these is cheaper than sorting wide rows.
struct Source {
  std::uint64_t major = 0, minor = 0;  // sort key
  std::int32_t bundle = 0, row = 0;    // into the chosen bundles
};

inline bool operator<(const Source& a, const Source& b) {
  return std::tie(a.major, a.minor, a.bundle, a.row) < std::tie(b.major, b.minor, b.bundle, b.row);
}

/// What was freed in pieces too small for the library to give back by itself.
void give_back_memory();

/// Four 16-bit numbers as one sort key.
std::uint64_t pack_key(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d);

inline std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

class Merger {
 public:
  /// Takes the rows of `shards` away as it goes.
  Merger(Run& run, std::vector<LoadedShard>& shards, std::vector<BundleRef> chosen)
      : run_(run), shards_(shards), chosen_(std::move(chosen)), owners_(shards_, chosen_) {}

  void merge() {
    std::size_t bytes = 0;
    for (std::int32_t b = 0; b < bundles(); ++b) bytes += bundle(b).bytes.size();
    run_.bytes.reserve(bytes);  // growing would hold them twice for a while
    merge_images();
    merge_samples();
    merge_sentences();
    run_.notes = compare_packs(run_, shards_, chosen_, owners_);
    merge_expressions();
    release(&store::Bundle::expressions);
    merge_units();
    merge_cold_starts();
    merge_bundles();
  }

 private:
  const LoadedShard& shard(std::int32_t bundle) const {
    return shards_[at(chosen_[at(bundle)].shard)];
  }
  const store::Bundle& bundle(std::int32_t index) const {
    return shard(index).contents.bundles[at(chosen_[at(index)].bundle)];
  }
  std::int32_t bundles() const { return static_cast<std::int32_t>(chosen_.size()); }

  results::Slice keep(const store::Bundle& from, store::Bytes where) {
    const std::span<const std::byte> data = from.get(where);
    const results::Slice slice{run_.bytes.size(), where.length};
    run_.bytes.insert(run_.bytes.end(), data.begin(), data.end());
    return slice;
  }

  /// Position of the sample, or Error{data}: rows of samples that no bundle describes have no place.
  std::int64_t sample_of(std::uint64_t sample_id, std::int32_t from) const;

  /// Sources of all rows that count, sorted. `key_of(row, bundle, source)` sets major and minor.
  template <typename Row, typename KeyOf>
  std::vector<Source> sources_of(std::vector<Row> store::Bundle::*rows, KeyOf key_of) const {
    constexpr std::int32_t kDropped = -1;
    std::vector<std::size_t> starts{0};
    for (std::int32_t b = 0; b < bundles(); ++b)
      starts.push_back(starts.back() + (bundle(b).*rows).size());
    std::vector<Source> sources(starts.back());
    parallel_for(at(bundles()), 0, [&](std::size_t i) {
      const auto b = static_cast<std::int32_t>(i);
      const std::vector<Row>& from = bundle(b).*rows;
      for (std::size_t row = 0; row < from.size(); ++row) {
        Source& source = sources[starts[i] + row];
        source.row = static_cast<std::int32_t>(row);
        source.bundle = key_of(from[row], b, source) ? b : kDropped;
      }
      std::sort(sources.begin() + static_cast<std::ptrdiff_t>(starts[i]),
                sources.begin() + static_cast<std::ptrdiff_t>(starts[i + 1]));
    });
    std::erase_if(sources, [](const Source& source) { return source.bundle == kDropped; });
    // Bundles come in the order of their samples, so this is rare.
    if (!std::is_sorted(sources.begin(), sources.end())) std::sort(sources.begin(), sources.end());
    return sources;
  }

  /// False for accuracy rows of a variant and seed that another pack owns in that split.
  bool counts(std::int32_t from, std::int16_t variant, std::int16_t seed) const {
    const store::CommitRow& commit = bundle(from).commit;
    if (commit.pass != store::Pass::accuracy) return true;
    return owners_.counts(
        shard(from), mapped(shard(from).splits, commit.split, "split", shard(from)),
        mapped(shard(from).protocols, commit.protocol, "protocol", shard(from)), variant, seed);
  }

  /// Gives the memory of rows back that nobody needs any more: a million units are a gigabyte.
  template <typename Rows>
  void release(Rows store::Bundle::*rows) {
    for (LoadedShard& shard : shards_) {
      for (store::Bundle& bundle : shard.contents.bundles) Rows().swap(bundle.*rows);
    }
    give_back_memory();
  }

  void merge_images();
  void merge_samples();
  void number_in_plan_order();
  void merge_sentences();
  void merge_expressions();
  results::Expression expression_of(const Source& source,
                                    const std::vector<std::size_t>& sentences) const;
  /// Sorted by sample, pass, variant, seed, repeat.
  std::vector<Source> unit_sources(bool cold) const;
  void merge_units();
  void merge_cold_starts();
  results::Unit unit_of(const Source& source) const;
  void merge_tokens(const std::vector<Source>& units);
  void merge_bundles();

  Run& run_;
  std::vector<LoadedShard>& shards_;
  std::vector<BundleRef> chosen_;
  PackOwners owners_;
  std::unordered_map<std::uint64_t, std::int64_t> sample_position_;  // id -> index in run_.samples
};

}  // namespace litebench::analysis
