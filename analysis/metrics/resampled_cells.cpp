#include "analysis/metrics/resampled_cells.hpp"

#include <cassert>

namespace litebench::analysis {
namespace {

/// A metric as a ratio of two sums, with what its convention adds to the denominator.
struct Ratio {
  Sum numerator{}, denominator{};
  double epsilon = 0;
};

Ratio ratio_of(std::string_view metric, Epsilons epsilons) {
  const bool upstream = epsilons == Epsilons::upstream;
  if (metric == "ciou") return {Sum::intersection, Sum::union_, upstream ? 1e-10 : 0};
  if (metric == "giou") return {Sum::iou, Sum::expressions, upstream ? 1e-5 : 0};
  if (metric == "n_acc") return {Sum::without_target_right, Sum::without_target, 0};
  if (metric == "t_acc") return {Sum::with_target_right, Sum::with_target, 0};
  assert(metric == "p50");
  return {Sum::hits, Sum::expressions, 0};
}

}  // namespace

ResampledCells::ResampledCells(ImageSums sums, Epsilons epsilons, const DrawOptions& draws)
    : sums_(std::move(sums)), epsilons_(epsilons), draws_(draws) {
  std::vector<PlacedTable> placed;
  for (const CellSums& cell : sums_.cells) placed.push_back({&cell.table, cell.places});
  std::vector<std::vector<double>> drawn =
      weighted_sums(sums_.images, placed, Scheme::poisson, draws_);
  for (std::size_t c = 0; c < sums_.cells.size(); ++c) {
    CellSums& cell = sums_.cells[c];
    ResampledTable table;
    table.sums = std::move(drawn[c]);
    table.table = std::move(cell.table);
    table.places = cell.places;
    table.all_clusters = sums_.images.size();
    table.draws = draws_.draws;
    tables_.push_back(std::move(table));
  }
}

std::vector<std::size_t> ResampledCells::groups_of(std::size_t cell, std::size_t variant) const {
  std::vector<std::size_t> found;
  const std::vector<Group>& groups = sums_.cells[cell].groups;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (static_cast<std::size_t>(groups[g].variant) == variant) found.push_back(g);
  }
  return found;
}

std::optional<Sampled> ResampledCells::metric(std::string_view name, std::size_t cell,
                                              std::size_t variant) const {
  const Ratio ratio = ratio_of(name, epsilons_);
  std::vector<Sampled> seeds;
  for (const std::size_t group : groups_of(cell, variant)) {
    const CellSums& from = sums_.cells[cell];
    auto one = ratio_of_sums(tables_[cell], from.column(group, ratio.numerator),
                             from.column(group, ratio.denominator), ratio.epsilon);
    if (!one) return std::nullopt;
    seeds.push_back(std::move(*one));
  }
  if (seeds.empty()) return std::nullopt;
  return mean_of_repetitions(seeds, draws_.seed, variant);
}

void ResampledCells::add_contributions(std::size_t cell, std::size_t variant, double pivot,
                                       double factor, std::vector<double>& to) const {
  const std::vector<std::size_t> groups = groups_of(cell, variant);
  const ResampledTable& from = tables_[cell];
  for (const std::size_t group : groups) {
    const std::size_t hit = sums_.cells[cell].column(group, Sum::intersection);
    const std::size_t all = sums_.cells[cell].column(group, Sum::union_);
    const double scale = factor / (from.total(all) * static_cast<double>(groups.size()));
    for (std::size_t c = 0; c < from.places.size(); ++c) {
      const double* row = from.table.values.data() + c * from.table.columns;
      to[from.places[c]] += scale * (row[hit] - pivot * row[all]);
    }
  }
}

double ResampledCells::expressions(std::size_t cell, std::size_t variant) const {
  const std::vector<std::size_t> groups = groups_of(cell, variant);
  if (groups.empty()) return 0;
  return sums_.cells[cell].expressions[groups.front()];
}

}  // namespace litebench::analysis
