#include "analysis/metrics/image_sums.hpp"

#include <algorithm>
#include <set>

#include "analysis/metrics/visits.hpp"

namespace litebench::analysis {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

/// Calls `take(cell, visit, expression)` for everything that counts.
class Walk {
 public:
  Walk(const Run& run, const Pairing& pairing, const SumOptions& options)
      : run_(run),
        pairing_(pairing),
        options_(options),
        starts_(starts_of(run.samples, run.expressions)),
        visits_(dealt_out(run, at(options.padded_ranks))) {
    std::erase_if(visits_, [&](const Visit& v) {
      return run.samples[v.sample].protocol != options.protocol || pairing.paired[v.sample] == 0;
    });
  }

  [[nodiscard]] const std::vector<Visit>& visits() const { return visits_; }

  template <typename Take>
  void each(Take take) const {
    for (std::size_t v = 0; v < visits_.size(); ++v) {
      const std::size_t s = visits_[v].sample;
      const results::Sample& sample = run_.samples[s];
      for (std::size_t row = starts_[s]; row < starts_[s + 1]; ++row) {
        const results::Expression& e = run_.expressions[row];
        if (e.status != store::Status::ok) continue;
        if (!pairing_.infeasible.empty() &&
            pairing_.infeasible.contains({sample.split, sample.protocol, e.variant})) {
          continue;
        }
        const std::int32_t cell = options_.cell_of(s, e.turn);
        if (cell >= 0) take(at(cell), v, e);
      }
    }
  }

 private:
  const Run& run_;
  const Pairing& pairing_;
  const SumOptions& options_;
  std::vector<std::size_t> starts_;
  std::vector<Visit> visits_;
};

void add(double* row, const results::Expression& e, Epsilons epsilons, std::size_t sums) {
  const auto put = [row](Sum sum, double value) { row[static_cast<std::size_t>(sum)] += value; };
  const Counts counts = counts_of(e);
  put(Sum::intersection, static_cast<double>(counts.intersection));
  put(Sum::union_, static_cast<double>(counts.union_));
  if (sums == kPixelSums) return;
  put(Sum::expressions, 1);
  put(Sum::iou, iou_of(counts, epsilons));
  if (is_hit(counts, 0)) put(Sum::hits, 1);
  if (sums == kMainSums) return;
  put(counts.has_target ? Sum::with_target : Sum::without_target, 1);
  if (counts.predicted != counts.has_target) return;
  put(counts.has_target ? Sum::with_target_right : Sum::without_target_right, 1);
}

/// Where things lie before the sums are made.
class Layout {
 public:
  Layout(const Run& run, const Walk& walk, const SumOptions& options, ImageSums& out) : out_(out) {
    std::set<std::uint64_t> images;
    for (const Visit& v : walk.visits()) images.insert(image_of(run, v));
    out.images.assign(images.begin(), images.end());
    for (const Visit& v : walk.visits()) {
      const auto found = std::lower_bound(out.images.begin(), out.images.end(), image_of(run, v));
      place_.push_back(static_cast<std::size_t>(found - out.images.begin()));
    }
    seeds_ = 1;
    for (const results::Expression& e : run.expressions) seeds_ = std::max(seeds_, at(e.seed) + 1);
    group_.assign(options.cells, std::vector<std::int32_t>(run.variants.size() * seeds_, -1));
    row_.assign(options.cells, std::vector<std::int32_t>(out.images.size(), -1));
    walk.each([&](std::size_t cell, std::size_t visit, const results::Expression& e) {
      group_[cell][key(e)] = 0;
      row_[cell][place_[visit]] = 0;
    });
    out.cells.resize(options.cells);
    for (std::size_t cell = 0; cell < options.cells; ++cell) number(cell, options.sums);
  }

  double* row(std::size_t cell, std::size_t visit, const results::Expression& e) {
    CellSums& sums = out_.cells[cell];
    sums.expressions[at(group_[cell][key(e)])] += 1;
    return sums.table.values.data() + at(row_[cell][place_[visit]]) * sums.table.columns +
           at(group_[cell][key(e)]) * sums.sums;
  }

 private:
  static std::uint64_t image_of(const Run& run, const Visit& v) {
    return static_cast<std::uint64_t>(run.samples[v.sample].image_id);
  }
  [[nodiscard]] std::size_t key(const results::Expression& e) const {
    return at(e.variant) * seeds_ + at(e.seed);
  }

  void number(std::size_t cell, std::size_t sums) {
    CellSums& to = out_.cells[cell];
    to.sums = sums;
    for (std::size_t k = 0; k < group_[cell].size(); ++k) {
      if (group_[cell][k] < 0) continue;
      group_[cell][k] = static_cast<std::int32_t>(to.groups.size());
      to.groups.push_back(
          {static_cast<std::int16_t>(k / seeds_), static_cast<std::int16_t>(k % seeds_)});
    }
    for (std::size_t place = 0; place < row_[cell].size(); ++place) {
      if (row_[cell][place] < 0) continue;
      row_[cell][place] = static_cast<std::int32_t>(to.places.size());
      to.places.push_back(place);
      to.table.clusters.push_back(out_.images[place]);
    }
    to.expressions.assign(to.groups.size(), 0);
    to.table.columns = to.groups.size() * sums;
    to.table.values.assign(to.table.clusters.size() * to.table.columns, 0);
  }

  ImageSums& out_;
  std::size_t seeds_ = 1;
  std::vector<std::size_t> place_;                // per visit: place of its image
  std::vector<std::vector<std::int32_t>> group_;  // per cell, variant and seed
  std::vector<std::vector<std::int32_t>> row_;    // per cell and image
};

}  // namespace

std::optional<std::size_t> CellSums::find(Group group) const {
  const auto found = std::lower_bound(groups.begin(), groups.end(), group);
  if (found == groups.end() || *found != group) return std::nullopt;
  return static_cast<std::size_t>(found - groups.begin());
}

ImageSums image_sums(const Run& run, const Pairing& pairing, const SumOptions& options) {
  ImageSums out;
  const Walk walk(run, pairing, options);
  Layout layout(run, walk, options, out);
  walk.each([&](std::size_t cell, std::size_t visit, const results::Expression& e) {
    add(layout.row(cell, visit, e), e, options.epsilons, options.sums);
  });
  return out;
}

}  // namespace litebench::analysis
