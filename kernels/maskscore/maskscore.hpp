#pragma once
// From SAM's low-resolution logits to a scored mask without the full-size logits (upstream.md §2.5,
// §7.1): bilinear L → S, crop to the resized picture, bilinear to H × W, threshold > 0, count
// against the target.

#include <cstdint>
#include <vector>

namespace litebench::kernels {

/// Sizes of one image's masks. (resized_h, resized_w) is the picture inside SAM's S × S input; for
/// pictures with an EXIF rotation it is the rotated frame, stretched to the unrotated (height,
/// width) as the reference does.
struct MaskFrame {
  std::int64_t low_res = 0;    ///< L, 4 × SAM's grid
  std::int64_t sam_image = 0;  ///< S
  std::int64_t resized_h = 0, resized_w = 0;
  std::int64_t height = 0, width = 0;  ///< instances.json
};

/// Pixel counts of prediction P ∈ {0,1} against target G ∈ {0,1,≥2}; G ≥ 2 where polygons of one
/// object overlap.
struct MaskScore {
  std::int64_t intersection = 0;    ///< P=1 ∧ G=1
  std::int64_t union_ = 0;          ///< predicted_area + target_area − intersection
  std::int64_t predicted_area = 0;  ///< P=1
  std::int64_t target_area = 0;     ///< G=1
  std::int64_t overlap_area = 0;    ///< G≥2
  std::int64_t overlap_hit = 0;     ///< P=1 ∧ G≥2
  bool operator==(const MaskScore&) const = default;
};

/// Class 0 of the reference's histogram: {I_0, U_0} of an image with `pixels` pixels.
struct BackgroundScore {
  std::int64_t intersection = 0, union_ = 0;
};
BackgroundScore background(const MaskScore& score, std::int64_t pixels);

/// Score of a mask that is there already. `target` may be null (all zero).
MaskScore score_mask(const std::uint8_t* mask, const std::uint8_t* target, std::int64_t pixels);

/// No NaN and no infinity among them.
bool all_finite(const float* values, std::int64_t count);

/// What only tests and diagnostics look at.
struct MaskDiagnostics {
  std::int64_t near_zero = 0;  ///< logits with |x| < 1e-3: may differ between programs
  std::vector<float> logits;   ///< height × width
};

/// Interpolation tables of one image, made once for all its expressions and variants. Keeps scratch
/// rows: one per thread.
///
/// Interpolating between values of one sign gives that sign, so only the parts of the picture where
/// a mask has an edge are drawn; everywhere else the low-resolution logits tell the bits.
class MaskScorer {
 public:
  explicit MaskScorer(const MaskFrame& frame);

  /// `logits`: L × L, finite. `target`: height × width or null (all zero). `mask`: receives height ×
  /// width of 0 and 1, or null. With `diagnostics` every pixel is drawn.
  MaskScore score(const float* logits, const std::uint8_t* target, std::uint8_t* mask,
                  MaskDiagnostics* diagnostics = nullptr);

  [[nodiscard]] const MaskFrame& frame() const { return frame_; }

 private:
  /// For each output position: lower source index and the weights of it and its successor.
  struct Axis {
    std::vector<std::int32_t> index;
    std::vector<float> w0, w1;
  };
  static Axis make_axis(std::int64_t in, std::int64_t out, std::int64_t used);

  /// Neighbouring columns of the output and the columns that they come from, ends excluded.
  struct Strip {
    std::int64_t begin, end, sam_begin, sam_end, low_begin, low_end;
  };
  struct StripRun {
    std::size_t begin, end;
  };
  enum Sign : std::uint8_t { kPositive = 1, kNegative = 2, kMixed = 3 };

  void make_strips();
  /// What is known of each strip of each low-resolution row.
  void note_signs(const float* logits);
  [[nodiscard]] std::uint8_t sign_at(std::int64_t y, std::size_t strip) const;
  void draw_row(const float* logits, std::int64_t y, std::uint8_t* bits);
  void draw(const float* logits, std::int64_t y, StripRun run, std::uint8_t* bits);
  const float* low_row(const float* logits, std::int64_t row);
  const float* sam_row(const float* logits, std::int64_t row, StripRun run);
  void make_sam_part(const float* logits, std::int64_t row, StripRun run);

  MaskFrame frame_;
  Axis sam_y_, sam_x_, out_y_, out_x_;
  bool four_per_cell_ = false;  ///< the first interpolation is SAM's own, four to one
  std::vector<Strip> strips_;
  std::vector<std::uint8_t> signs_, row_signs_;  ///< [L, strips]; of the row being drawn
  std::vector<float> low_[2];                    ///< low-res rows stretched to resized_w
  std::vector<float> sam_[2];                    ///< rows of the S grid stretched to width
  std::vector<float> wide_, final_;
  std::vector<std::uint8_t> bits_;
  std::int64_t low_at_[2] = {-1, -1};
  std::vector<std::int64_t> sam_at_[2];  ///< per strip
};

}  // namespace litebench::kernels
