#include "model/prune/holov_segments.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/select/stable_topk.hpp"

namespace litebench::prune {
namespace {

using Indices = std::vector<std::int64_t>;

constexpr double kAttentionScale = 1000, kVarianceShare = 0.09, kEps = 1e-6;

struct Segment {
  std::size_t begin, size;
};

/// As equal as whole patches allow, longer ones first.
std::vector<Segment> segments_of(std::int64_t patches, std::int64_t parts) {
  std::vector<Segment> segments;
  for (std::int64_t g = 0; g < parts; ++g) {
    const std::int64_t begin = g * (patches / parts) + std::min(g, patches % parts);
    const std::int64_t size = patches / parts + (g < patches % parts ? 1 : 0);
    segments.push_back({static_cast<std::size_t>(begin), static_cast<std::size_t>(size)});
  }
  return segments;
}

/// How unevenly patch i is alike to the others of its segment; the similarity to itself counts as 0.
double variance(const HolovScores& scores, const Segment& segment, std::size_t i) {
  const float* row = scores.cosine + (segment.begin + i) * scores.attention.size() + segment.begin;
  const double others = static_cast<double>(segment.size) - 1;
  const auto cosine = [&](std::size_t j) { return j == i ? 0.0 : static_cast<double>(row[j]); };
  double sum = 0, squares = 0;
  for (std::size_t j = 0; j < segment.size; ++j) sum += cosine(j);
  const double mean = sum / others;
  for (std::size_t j = 0; j < segment.size; ++j) {
    squares += (cosine(j) - mean) * (cosine(j) - mean);
  }
  return squares / others;
}

/// Mean score of a segment's patches: attention and the scaled variance.
double weight_of(const HolovScores& scores, const Segment& segment) {
  const auto size = static_cast<double>(segment.size);
  double attention = 0, spread = 0;
  for (std::size_t i = 0; i < segment.size; ++i) {
    attention += kAttentionScale * static_cast<double>(scores.attention[segment.begin + i]) / size;
    if (segment.size > 1) spread += variance(scores, segment, i) / size;
  }
  return attention + kVarianceShare * spread * std::abs(attention) / (std::abs(spread) + kEps);
}

/// ⌊w_g · N⌋ each and one more for the heaviest.
Indices shares_of(const std::vector<float>& weights, const Indices& heaviest, std::int64_t tokens) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  Indices shares;
  for (const float weight : weights) {
    shares.push_back(static_cast<std::int64_t>(
        std::floor(static_cast<double>(weight) / sum * static_cast<double>(tokens))));
  }
  std::int64_t rest = tokens - std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
  for (std::size_t i = 0; rest > 0; i = (i + 1) % heaviest.size(), --rest) {
    ++shares[static_cast<std::size_t>(heaviest[i])];
  }
  return shares;
}

void redistribute(Indices& shares, const std::vector<Segment>& segments, const Indices& heaviest) {
  std::int64_t missing = 0;
  for (std::size_t g = 0; g < shares.size(); ++g) {
    const auto size = static_cast<std::int64_t>(segments[g].size);
    missing += std::max<std::int64_t>(shares[g] - size, 0);
    shares[g] = std::min(shares[g], size);
  }
  for (const std::int64_t g : heaviest) {
    std::int64_t& share = shares[static_cast<std::size_t>(g)];
    const auto room = static_cast<std::int64_t>(segments[static_cast<std::size_t>(g)].size) - share;
    const std::int64_t more = std::min(room, missing);
    share += more;
    missing -= more;
  }
}

}  // namespace

std::int64_t holov_segments(std::int64_t tokens, std::int64_t patches) {
  constexpr std::int64_t kNumerator = 1024, kPublishedPatches = 576;
  const std::int64_t parts = kNumerator * patches / (kPublishedPatches * tokens);
  return std::clamp<std::int64_t>(parts, 1, patches);
}

std::vector<std::int64_t> holov_choice(const HolovScores& scores, std::int64_t tokens,
                                       HolovDeficit deficit) {
  const auto patches = static_cast<std::int64_t>(scores.attention.size());
  const auto segments = segments_of(patches, holov_segments(tokens, patches));
  std::vector<float> weights;
  for (const Segment& segment : segments) {
    weights.push_back(static_cast<float>(weight_of(scores, segment)));
  }
  const Indices heaviest = kernels::stable_argsort(weights, kernels::Best::largest);
  Indices shares = shares_of(weights, heaviest, tokens);
  if (deficit == HolovDeficit::redistributed) redistribute(shares, segments, heaviest);
  Indices chosen;
  for (std::size_t g = 0; g < segments.size(); ++g) {
    const auto part = scores.attention.subspan(segments[g].begin, segments[g].size);
    const std::int64_t count = std::min(shares[g], static_cast<std::int64_t>(part.size()));
    for (const std::int64_t i :
         kernels::stable_topk(part, count, kernels::Best::largest, scores.ties)) {
      chosen.push_back(static_cast<std::int64_t>(segments[g].begin) + i);
    }
  }
  return chosen;
}

}  // namespace litebench::prune
