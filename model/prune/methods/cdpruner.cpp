// CDPruner (arXiv 2506.10967): a determinantal point process over the projected patches, weighted
// by their relevance to the texts — which the released code negates, so the least similar patches
// are the most relevant ones.
#include "kernels/greedy/dpp.hpp"
#include "model/prune/before_llm_pruner.hpp"
#include "model/prune/cost.hpp"
#include "model/prune/methods.hpp"
#include "model/prune/scores.hpp"

namespace litebench::prune::methods {
namespace {

// fp32 cosines as released, whatever the protocol says of other methods' similarities.
constexpr ScoreOptions kFp32{.score_dtype = protocol::ScoreDType::fp32,
                             .sim = protocol::Similarity::cosine};

class CdPruner final : public BeforeLlmPruner {
 public:
  using BeforeLlmPruner::BeforeLlmPruner;

  [[nodiscard]] TapRequest taps(const model::Geometry&) const override {
    TapRequest request;
    request.vision.joint = true;
    request.text = TextTap::protocol;
    request.projected = true;
    return request;
  }
  [[nodiscard]] at::Tensor scores(const VisionView& vision,
                                  const QueryView& queries) const override {
    return text_relevance(similarity(vision.features.joint, queries.embeds, kFp32));
  }

 protected:
  [[nodiscard]] std::vector<std::int64_t> choose(const VisionView& vision,
                                                 const QueryView& queries) const override {
    const at::Tensor parts[] = {scores(vision, queries), cosine_gram(vision.projected, kFp32)};
    const HostScores host(parts);
    return raster(
        kernels::dpp_selection(host.row(1).data(), host.row(0).data(), vision.patches(), tokens()));
  }
};

}  // namespace

Method cdpruner() {
  Method method;
  method.info = {.id = "cdpruner",
                 .title = "CDPruner",
                 .paper = "arXiv 2506.10967",
                 .fidelity = "code@9541616c40fc",
                 .text_dependent = true};
  method.help = "greedy determinantal selection weighted by dissimilarity to the texts";
  method.about =
      "Greedy maximum of a determinant: cosines of the projected patches, weighted from both "
      "sides by how little CLIP finds a patch similar to the texts.";
  method.quirks = {
      "The released code negates the relevance, so that dissimilar patches are preferred: kept.",
      "The released code cuts long texts into pieces of 77 tokens and counts each as a text; "
      "here every text is one, of at most 77 tokens."};
  method.macs = [](const model::Geometry& g, std::int64_t tokens) {
    return patch_gram_macs(g, g.llama.hidden) + similarity_macs(g) +
           0.5 * static_cast<double>(tokens * tokens * g.vision.patches());
  };
  method.make = [](const PrunerInfo& info, const Budget& budget, const Options&) {
    return std::make_shared<CdPruner>(info, budget);
  };
  return method;
}

}  // namespace litebench::prune::methods
