#include "analysis/metrics/visits.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace litebench::analysis {
namespace {

/// Samples in the order in which the reference would have met them.
std::vector<std::size_t> evaluation_order(const Run& run) {
  std::vector<std::size_t> order(run.samples.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const results::Sample& x = run.samples[a];
    const results::Sample& y = run.samples[b];
    return std::tuple(x.protocol, x.split, x.order) < std::tuple(y.protocol, y.split, y.order);
  });
  return order;
}

}  // namespace

std::vector<Visit> dealt_out(const Run& run, std::size_t ranks) {
  const std::vector<std::size_t> order = evaluation_order(run);
  std::vector<Visit> visits;
  for (std::size_t begin = 0; begin < order.size();) {
    const results::Sample& first = run.samples[order[begin]];
    std::size_t end = begin;
    while (end < order.size() && run.samples[order[end]].protocol == first.protocol &&
           run.samples[order[end]].split == first.split) {
      ++end;
    }
    const std::size_t count = end - begin;
    const std::size_t padded = (count + ranks - 1) / ranks * ranks;
    for (std::size_t i = 0; i < padded; ++i)
      visits.push_back({order[begin + i % count], i % ranks});
    begin = end;
  }
  return visits;
}

}  // namespace litebench::analysis
