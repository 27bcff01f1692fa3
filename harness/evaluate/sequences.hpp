#pragma once
// From CLIP features to a sequence of the language model, for one variant of one sample. Both
// passes use these functions, so that what is timed is what is scored.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "harness/evaluate/methods.hpp"
#include "harness/evaluate/prepare.hpp"
#include "model/glamm.hpp"
#include "model/prune/ledger.hpp"

namespace litebench::evaluate {

/// CLIP text embeddings of one sample, made for the kinds that methods asked for.
struct SampleTexts {
  at::Tensor question, expression;  ///< [Q, projection] or undefined
};

/// Which of the two kinds `method` compares with; none when it looks at no text.
enum class TextKind : std::uint8_t { none, question, expression };
TextKind text_kind(const PlannedMethod& method, const model::Geometry& geometry,
                   const protocol::Protocol& protocol);

/// Longest CLIP text of that kind, as the reference would pad it; 0 for none.
std::int64_t clip_text_length(const PreparedSample& sample, TextKind kind);

SampleTexts embed_texts(const model::Glamm& glamm, const PreparedSample& sample, bool questions,
                        bool expressions, model::Compute compute = model::Compute::lean);

/// What one variant keeps of one image for one sample.
struct Selection {
  prune::TokenPlan plan;
  std::unique_ptr<prune::RunState> state;
};
Selection select_tokens(const PlannedMethod& method, const model::Geometry& geometry,
                        const model::VisionFeatures& features, const at::Tensor& projected,
                        const SampleTexts& texts, const PreparedSample& sample,
                        const protocol::Protocol& protocol, std::int64_t method_seed);

/// Owns what a model::Sequence borrows. Not movable while a prefill uses it.
struct OwnedSequence {
  std::unique_ptr<prune::TokenLedger> ledger;
  std::unique_ptr<prune::RunState> state;
  model::Sequence sequence;
};
/// `visual`: the plan's rows as LLM tokens, [N, d].
OwnedSequence make_sequence(const PlannedMethod& method, const model::Glamm& glamm,
                            Selection selection, const at::Tensor& visual,
                            const PreparedSample& sample, std::int64_t seg_token);

/// Where the pack that begins with sequence `begin` ends: whole sequences, at most `rows` together
/// unless one alone has more.
std::size_t end_of_pack(std::span<const std::int64_t> lengths, std::size_t begin,
                        std::int64_t rows);

}  // namespace litebench::evaluate
