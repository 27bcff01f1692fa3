#pragma once
// The interface of a pruning method (pruners.md §8.2). A method says what it needs to see, how many
// tokens will enter each layer, and returns plans; the engine does everything else. Methods are
// immutable and pure functions of sample, options and seed, so results cannot depend on rank,
// thread or what is computed beside them.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kernels/select/stable_topk.hpp"
#include "model/clip/vision_features.hpp"
#include "model/geometry.hpp"
#include "model/prune/ledger.hpp"
#include "model/prune/token_plan.hpp"
#include "shards/protocol/protocol.hpp"
#include "shards/unit/variant.hpp"

namespace litebench::prune {

struct Budget {
  std::int64_t tokens = 0;
  unit::BudgetMode mode = unit::BudgetMode::exact;
};

/// How scores are made, from the protocol. `model`: computed in the run's dtype, rounding as the
/// reference does, then promoted to fp32 for ranking.
struct ScoreOptions {
  protocol::ScoreDType score_dtype = protocol::ScoreDType::model;
  protocol::Similarity sim = protocol::Similarity::dot;
  kernels::Ties ties = kernels::Ties::lower;  ///< of rankings; greedy picks take the lower index
};

/// Whose draws: never the rank nor the place in a batch.
struct SampleKey {
  std::uint64_t sample_id = 0;
  std::int64_t seed = 0;  ///< of the method (one of `seeds` repetitions)
};

/// Which sample it is, in words that other programs know too. Plans from outside are filed under it.
struct SampleName {
  std::string split;  ///< "refcoco/val"
  std::int64_t image_id = 0;
  std::vector<std::int64_t> sent_ids;  ///< of the Q expressions, in order
};

/// Which CLIP text a method compares with; `protocol` follows the protocol's sim_text.
enum class TextTap : std::uint8_t { none, protocol, expression };

/// What a method wants to see. The model captures nothing else.
struct TapRequest {
  model::VisionTaps vision;
  TextTap text = TextTap::none;
  bool projected = false;  ///< p_i, the projected patches
  bool decoder_tail =
      false;  ///< rows after the last wanted one must live until the last cut (lean truncation)
};

/// The texts of one sample as the tap asked for them.
struct QueryView {
  at::Tensor embeds;  ///< [Q, projection], not normalised; undefined when no text was asked for
  [[nodiscard]] std::int64_t count() const { return embeds.defined() ? embeds.size(0) : 0; }
};

/// One image, on the compute device.
struct VisionView {
  const model::VisionFeatures& features;
  const model::Geometry& geometry;
  ScoreOptions scores;
  SampleKey key;
  at::Tensor projected;                ///< [patches, d]; undefined unless asked for
  const SampleName* sample = nullptr;  ///< null where nobody knows (tests of single methods)

  [[nodiscard]] std::int64_t patches() const { return geometry.vision.patches(); }
  [[nodiscard]] std::int64_t grid() const { return geometry.vision.grid(); }
};

/// One sequence at the input of decoder layer `layer()`. Row indices are live rows of the ledger.
class LayerView {
 public:
  virtual ~LayerView() = default;
  [[nodiscard]] virtual std::int64_t layer() const = 0;
  [[nodiscard]] virtual const TokenLedger& ledger() const = 0;
  [[nodiscard]] virtual const model::Geometry& geometry() const = 0;
  [[nodiscard]] virtual at::Tensor hidden() const = 0;  ///< [S, d] states of the live rows
  [[nodiscard]] virtual at::Tensor input_text()
      const = 0;  ///< [T, d] what the rows of text_after() were at layer 0
  [[nodiscard]] virtual at::Tensor input_visual()
      const = 0;  ///< [N, d] the visual rows that entered layer 0
  /// fp32 [heads, rows, S]: soft-maxed causal attention of chosen query rows over all live rows,
  /// computed from the post-RoPE q, k of `tap_layer`, which is layer() (about to run, on the
  /// incoming states) or layer() − 1 (just ran).
  [[nodiscard]] virtual at::Tensor probe(std::int64_t tap_layer,
                                         std::span<const std::int64_t> rows) const = 0;
  [[nodiscard]] virtual at::Tensor keys(
      std::int64_t tap_layer) const = 0;  ///< [heads, S, head_dim], post-RoPE
  [[nodiscard]] virtual at::Tensor values(
      std::int64_t tap_layer) const = 0;  ///< [heads, S, head_dim]
  [[nodiscard]] virtual at::Tensor final_norm(
      const at::Tensor& x) const = 0;  ///< the model's last RMSNorm

  [[nodiscard]] at::Tensor visual() const;      ///< [V, d] of hidden()
  [[nodiscard]] at::Tensor text_after() const;  ///< [T, d] of hidden(), after the visual rows
};

struct PrunerInfo {
  std::string id, title, paper, fidelity;  ///< fidelity: "code@<commit>", "paper", "litebench"
  bool text_dependent = false, merges = false,
       draws = false;     ///< draws: result depends on SampleKey::seed
  bool adaptive = false;  ///< without a number of tokens each image decides how many
  unit::PositionPolicy native_position = unit::PositionPolicy::compact;
  unit::OrderPolicy native_order =
      unit::OrderPolicy::raster;  ///< native: an order of the method's own
};

/// Planned visual tokens at the input of each decoder layer; none where the image decides.
struct Schedule {
  std::vector<std::int64_t> entering;
  [[nodiscard]] double mean() const;
};
struct Infeasible {
  std::string reason;
};

/// Per-sample scratch of a method (for example the raters that SparseVLM picks once).
class RunState {
 public:
  virtual ~RunState() = default;
};

class Pruner {
 public:
  virtual ~Pruner() = default;
  [[nodiscard]] virtual const PrunerInfo& info() const noexcept = 0;
  [[nodiscard]] virtual TapRequest taps(
      const model::Geometry& geometry) const;  ///< default: nothing
  /// A budget that the method cannot meet is an answer, not an error: its cell stays empty.
  [[nodiscard]] virtual std::variant<Schedule, Infeasible> schedule(
      const model::Geometry& geometry) const = 0;
  [[nodiscard]] virtual std::unique_ptr<RunState> begin(const SampleKey& key) const;
  /// Over CLS + patches (TokenPlan of 1 + patches sources), in the method's native order. Default:
  /// all patches.
  [[nodiscard]] virtual TokenPlan before_llm(const VisionView& vision, const QueryView& queries,
                                             RunState* state) const;
  /// What it ranks the patches by, [patches], for people to look at (`litebench show`). Undefined
  /// where there is no such number. Default: undefined.
  [[nodiscard]] virtual at::Tensor scores(const VisionView& vision, const QueryView& queries) const;
  /// Decoder layers whose input may shrink, ascending.
  [[nodiscard]] virtual std::vector<std::int64_t> cut_layers(const model::Geometry& geometry) const;
  /// Over the live visual rows. Nothing: no change at this layer.
  [[nodiscard]] virtual std::optional<TokenPlan> before_layer(const LayerView& view,
                                                              RunState* state) const;
};

}  // namespace litebench::prune
