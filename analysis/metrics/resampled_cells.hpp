#pragma once
// The cells of image_sums with their draws, and the metrics made of them.

#include <optional>
#include <string_view>
#include <vector>

#include "analysis/metrics/image_sums.hpp"
#include "analysis/metrics/summary.hpp"
#include "analysis/statistics/sampled.hpp"

namespace litebench::analysis {

class ResampledCells {
 public:
  /// `draws.draws` > 0.
  ResampledCells(ImageSums sums, Epsilons epsilons, const DrawOptions& draws);

  /// A metric of the catalogue made of expressions (ciou, giou, p50; n_acc and t_acc with kAllSums), mean over seeds.
  [[nodiscard]] std::optional<Sampled> metric(std::string_view name, std::size_t cell,
                                              std::size_t variant) const;
  /// What each image adds to cIoU of `variant` in that cell if cIoU is `pivot`: the sum over images is cIoU − pivot. Added to
  /// `to`, one number per image of the run, times `factor`.
  void add_contributions(std::size_t cell, std::size_t variant, double pivot, double factor,
                         std::vector<double>& to) const;
  [[nodiscard]] std::size_t images(std::size_t cell) const {
    return sums_.cells[cell].places.size();
  }
  [[nodiscard]] const std::vector<std::uint64_t>& all_images() const { return sums_.images; }
  [[nodiscard]] const ImageSums& sums() const { return sums_; }
  [[nodiscard]] bool has_all_sums() const {
    return !sums_.cells.empty() && sums_.cells.front().sums == kAllSums;
  }
  [[nodiscard]] double expressions(std::size_t cell, std::size_t variant) const;

 private:
  [[nodiscard]] std::vector<std::size_t> groups_of(std::size_t cell, std::size_t variant) const;

  ImageSums sums_;
  Epsilons epsilons_;
  DrawOptions draws_;
  std::vector<ResampledTable> tables_;  // per cell
};

}  // namespace litebench::analysis
