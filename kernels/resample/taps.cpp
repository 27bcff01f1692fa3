#include "kernels/resample/taps.hpp"

#include <algorithm>
#include <cmath>

namespace litebench::kernels {
namespace {

double bilinear(double x) {
  x = std::fabs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

// Keys' kernel with a = -0.5, in the order of operations that decides the last bit of a
// coefficient.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

std::int32_t to_fixed(double weight) {
  const double scaled = weight * (1 << kPrecision);
  return static_cast<std::int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

}  // namespace

Taps make_taps(std::int64_t in, std::int64_t out, Filter filter, std::int64_t begin,
               std::int64_t count) {
  const double ratio = static_cast<double>(in) / static_cast<double>(out);
  const double filter_scale = std::max(ratio, 1.0);
  const double support = (filter == Filter::bilinear ? 1.0 : 2.0) * filter_scale;
  const double inverse = 1.0 / filter_scale;
  Taps taps;
  taps.stride = static_cast<std::int64_t>(std::ceil(support)) * 2 + 1;
  taps.first.resize(count);
  taps.count.resize(count);
  taps.weights.resize(count * taps.stride);
  std::vector<double> weight(taps.stride);
  for (std::int64_t i = 0; i < count; ++i) {
    const double centre = (static_cast<double>(begin + i) + 0.5) * ratio;
    const auto low = std::max<std::int64_t>(0, static_cast<std::int64_t>(centre - support + 0.5));
    const auto high = std::min<std::int64_t>(in, static_cast<std::int64_t>(centre + support + 0.5));
    double sum = 0;
    for (std::int64_t j = 0; j < high - low; ++j) {
      const double x = (static_cast<double>(j + low) - centre + 0.5) * inverse;
      weight[j] = filter == Filter::bilinear ? bilinear(x) : bicubic(x);
      sum += weight[j];
    }
    taps.first[i] = static_cast<std::int32_t>(low);
    taps.count[i] = static_cast<std::int32_t>(high - low);
    for (std::int64_t j = 0; j < high - low; ++j) {
      taps.weights[i * taps.stride + j] = to_fixed(sum != 0 ? weight[j] / sum : weight[j]);
    }
  }
  return taps;
}

}  // namespace litebench::kernels
