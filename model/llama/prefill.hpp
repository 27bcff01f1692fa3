#pragma once
// The packed prefill itself: the state that lives while one pack goes through the layers.

#include <cstdint>
#include <span>
#include <vector>

#include <ATen/core/Tensor.h>

#include "model/llama/llama.hpp"

namespace litebench::model::detail {

/// q, k, v of all packed rows in one layer, [ΣS, heads, head_dim], q and k rotated.
struct PackedProjections {
  at::Tensor q, k, v;
};

class Prefill {
 public:
  Prefill(const Geometry& geometry, std::span<const DecoderLayer> layers, const at::Tensor& norm,
          std::span<Sequence> sequences, const PrefillOptions& options);

  std::vector<at::Tensor> run();
  /// The one sequence as its layers see it; nothing is cut from it.
  FixedPrefill fix();
  /// Normed states of all rows [S, d] of the one sequence; options are not lean.
  at::Tensor run_upstream(const UpstreamWork& work);

 private:
  struct Member {
    Sequence* sequence;
    std::vector<std::int64_t> cuts;       ///< layers, ascending
    std::int64_t begin = 0;               ///< packed row of its first row behind the shared ones
    std::int64_t length = 0;              ///< shared rows included
    at::Tensor input_visual, input_text;  ///< embeddings of the visual rows and of those after
    [[nodiscard]] bool cuts_at(std::int64_t layer) const;
    [[nodiscard]] bool needs_tail(std::int64_t layer, const Geometry& geometry) const;
  };
  class View;

  /// Rows before the image that all members have in common, else 0.
  [[nodiscard]] std::int64_t common_rows() const;
  /// parts: all rows of every member
  void pack(const std::vector<at::Tensor>& parts);
  /// A member's rows of something packed, the shared ones in front.
  [[nodiscard]] at::Tensor rows_of(const Member& member, const at::Tensor& packed) const;
  [[nodiscard]] std::int64_t packed_row(const Member& member, std::int64_t row) const {
    return row < shared_ ? row : member.begin + row - shared_;
  }
  void cut_before(std::int64_t layer);
  /// Cuts that are due, and what is told to ledgers and observer.
  void enter(std::int64_t layer);
  /// [length, d] after the cut and lean truncation due at this layer
  at::Tensor cut_one(Member& member, std::int64_t layer);
  [[nodiscard]] at::Tensor trimmed(Member& member, const at::Tensor& rows,
                                   std::int64_t layer) const;
  [[nodiscard]] PackedProjections project(std::int64_t layer) const;
  void forward(std::int64_t layer);
  std::vector<at::Tensor> finish_wanted_rows(std::int64_t layer);
  std::vector<at::Tensor> pick_wanted_rows();
  [[nodiscard]] bool any_cut_at(std::int64_t layer) const;

  const Geometry& geometry_;
  std::span<const DecoderLayer> layers_;
  const at::Tensor& norm_;
  const PrefillOptions& options_;
  const UpstreamWork* upstream_ = nullptr;  ///< in run_upstream
  std::vector<Member> members_;
  /// The system prompt goes through the layers once for the whole pack: nothing that comes after a row changes it.
  std::int64_t shared_ = 0;
  at::Tensor hidden_;  ///< [shared + Σ(S − shared), d]
  RotaryAngles angles_;
  PackedProjections previous_;  ///< of layer l − 1, kept only while a cut before l is due
};

}  // namespace litebench::model::detail
