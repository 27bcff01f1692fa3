#include <algorithm>
#include <map>
#include <optional>

#include <fmt/core.h>

#include "analysis/audit/verify_rows.hpp"
#include "kernels/rle/rle.hpp"

namespace litebench::analysis::audit {
namespace {

/// Foreground pixels that two masks of one size share, run by run.
std::int64_t shared_pixels(const kernels::Rle& a, const kernels::Rle& b) {
  std::int64_t shared = 0;
  std::size_t i = 0, j = 0;
  std::int64_t left_a = a.counts.empty() ? 0 : a.counts[0],
               left_b = b.counts.empty() ? 0 : b.counts[0];
  while (i < a.counts.size() && j < b.counts.size()) {
    const std::int64_t step = std::min(left_a, left_b);
    if (i % 2 == 1 && j % 2 == 1) shared += step;
    left_a -= step;
    left_b -= step;
    if (left_a == 0 && ++i < a.counts.size()) left_a = a.counts[i];
    if (left_b == 0 && ++j < b.counts.size()) left_b = b.counts[j];
  }
  return shared;
}

class MaskCheck {
 public:
  MaskCheck(const Run& run, Verification& found) : run_(run), found_(found) {
    for (const results::Sentence& sentence : run.sentences)
      targets_[{sentence.sample_id, sentence.turn}] = sentence.target;
    for (const results::Image& image : run.images)
      sizes_[{image.dataset, image.image_id}] = {image.height, image.width};
  }

  void check(std::size_t row) {
    const results::Expression& e = run_.expressions[row];
    if (e.status != store::Status::ok) return;
    const auto size = sizes_.find({e.dataset, e.image_id});
    const auto target = targets_.find({e.sample_id, e.turn});
    if (size == sizes_.end() || target == targets_.end())
      return wrong(row, "has no image or target");
    const auto predicted = mask(e.bytes, size->second), truth = mask(target->second, size->second);
    if (!predicted || !truth)
      return wrong(row, "has a mask that is no run-length code of its image");
    const std::int64_t area = kernels::rle_area(*predicted),
                       hit = shared_pixels(*predicted, *truth);
    if (area != e.predicted_area || kernels::rle_area(*truth) != e.target_area + e.overlap_area ||
        hit != e.intersection + e.overlap_hit ||
        e.union_ != e.predicted_area + e.target_area - e.intersection) {
      return wrong(row, fmt::format("says {} predicted, {} shared pixels; its masks have {} and {}",
                                    e.predicted_area, e.intersection + e.overlap_hit, area, hit));
    }
    ++found_.masks;
  }

 private:
  using Size = std::pair<std::int64_t, std::int64_t>;

  [[nodiscard]] std::optional<kernels::Rle> mask(const results::Slice& slice,
                                                 const Size& size) const {
    const std::string_view text(reinterpret_cast<const char*>(run_.bytes.data()) + slice.offset,
                                slice.length);
    // A picture that EXIF turns has its masks turned too.
    auto upright = kernels::rle_from_string(text, size.first, size.second);
    return upright ? upright : kernels::rle_from_string(text, size.second, size.first);
  }

  void wrong(std::size_t row, const std::string& what) {
    const results::Expression& e = run_.expressions[row];
    found_.problems.push_back(
        fmt::format("results.h5 /expressions row {} ({} image {} sentence {}) {}", row,
                    run_.splits[static_cast<std::size_t>(e.split)], e.image_id, e.sent_id, what));
  }

  const Run& run_;
  Verification& found_;
  std::map<std::pair<std::uint64_t, std::int8_t>, results::Slice> targets_;
  std::map<std::pair<std::int8_t, std::int64_t>, Size> sizes_;
};

}  // namespace

void check_masks(const Run& run, Verification& found) {
  MaskCheck check(run, found);
  for (std::size_t row = 0; row < run.expressions.size(); ++row) check.check(row);
}

}  // namespace litebench::analysis::audit
