#include "kernels/cluster/density_peaks.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <span>

#include "kernels/select/stable_topk.hpp"

namespace litebench::kernels {
namespace {

class Distances {
 public:
  Distances(const float* data, std::int64_t n) : data_(data), n_(static_cast<std::size_t>(n)) {}
  [[nodiscard]] std::span<const float> row(std::size_t i) const { return {data_ + i * n_, n_}; }
  [[nodiscard]] std::size_t size() const { return n_; }
  [[nodiscard]] float largest() const { return *std::max_element(data_, data_ + n_ * n_); }

 private:
  const float* data_;
  std::size_t n_;
};

double density(std::span<const float> row, std::int64_t count) {
  std::vector<float> near(static_cast<std::size_t>(count));
  std::partial_sort_copy(row.begin(), row.end(), near.begin(), near.end());
  double sum = 0;
  for (const float distance : near) sum += static_cast<double>(distance) * distance;
  return -sum / static_cast<double>(count);  // its logarithm: far items would all round to zero
}

std::vector<float> prominence(const Distances& distances, std::int64_t count) {
  const std::size_t n = distances.size();
  std::vector<double> log_density;
  for (std::size_t i = 0; i < n; ++i) log_density.push_back(density(distances.row(i), count));
  const float largest = distances.largest();
  std::vector<float> product;
  for (std::size_t i = 0; i < n; ++i) {
    float separation = largest;
    for (std::size_t j = 0; j < n; ++j) {
      const bool denser =
          log_density[j] > log_density[i] || (log_density[j] == log_density[i] && j < i);
      if (denser) separation = std::min(separation, distances.row(i)[j]);
    }
    // ln(density · separation) ranks as the product does; a duplicate's separation of 0 is last.
    product.push_back(static_cast<float>(log_density[i] + std::log(separation)));
  }
  return product;
}

}  // namespace

Clusters density_peaks(const float* distances, std::int64_t n, std::int64_t count) {
  assert(1 <= count && count <= n);
  const Distances table(distances, n);
  Clusters found;
  found.centres = stable_topk(prominence(table, count), count, Best::largest);
  for (std::size_t i = 0; i < table.size(); ++i) {
    std::int64_t nearest = 0;
    for (std::int64_t c = 1; c < count; ++c) {
      const auto centre = [&](std::int64_t rank) {
        return table.row(
            i)[static_cast<std::size_t>(found.centres[static_cast<std::size_t>(rank)])];
      };
      if (centre(c) < centre(nearest)) nearest = c;
    }
    found.cluster.push_back(nearest);
  }
  for (std::int64_t c = 0; c < count; ++c) {  // a centre may coincide with another
    found.cluster[static_cast<std::size_t>(found.centres[static_cast<std::size_t>(c)])] = c;
  }
  return found;
}

}  // namespace litebench::kernels
