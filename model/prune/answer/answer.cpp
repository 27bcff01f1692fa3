#include "model/prune/answer/answer.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

namespace litebench::prune {
namespace {

bool selects_only(const Answer& answer) { return answer.part_ptr.empty(); }

std::int64_t tokens_of(const Answer& answer) {
  return selects_only(answer) ? std::ssize(answer.index) : std::ssize(answer.part_ptr) - 1;
}

std::string offsets_problem(const Answer& answer) {
  if (selects_only(answer)) {
    return answer.weight.empty()
               ? ""
               : fmt::format("{} weights, but no offsets say whose they are", answer.weight.size());
  }
  if (answer.weight.size() != answer.index.size()) {
    return fmt::format("{} weights for {} indices", answer.weight.size(), answer.index.size());
  }
  const auto& ptr = answer.part_ptr;
  if (ptr.front() != 0 || ptr.back() != std::ssize(answer.index)) {
    return fmt::format("offsets go from {} to {}, not from 0 to the {} indices", ptr.front(),
                       ptr.back(), answer.index.size());
  }
  for (std::size_t row = 0; row + 1 < ptr.size(); ++row) {
    if (ptr[row + 1] < ptr[row]) return fmt::format("the offsets of token {} go backwards", row);
    if (ptr[row + 1] == ptr[row]) return fmt::format("token {} is made of nothing", row);
  }
  return "";
}

std::string index_problem(const Answer& answer, std::int64_t patches) {
  for (std::size_t e = 0; e < answer.index.size(); ++e) {
    if (answer.index[e] >= kClsPatch && answer.index[e] < patches) continue;
    return fmt::format("index {} is out of range (patches are 0 to {}, {} is CLS)", answer.index[e],
                       patches - 1, kClsPatch);
  }
  return "";
}

/// The entry that occurs a second time among `indices`, reported by `whose`.
std::string repetition(std::vector<std::int64_t> indices, const std::string& whose) {
  std::sort(indices.begin(), indices.end());
  const auto twice = std::adjacent_find(indices.begin(), indices.end());
  return twice == indices.end() ? "" : fmt::format("index {} is repeated {}", *twice, whose);
}

/// A patch may be kept once, and be part of any number of merged tokens, of each once.
std::string repeated_index(const Answer& answer) {
  if (selects_only(answer)) return repetition(answer.index, "among the kept ones");
  std::vector<std::int64_t> kept;
  for (std::size_t row = 0; row + 1 < answer.part_ptr.size(); ++row) {
    const auto begin = answer.index.begin() + answer.part_ptr[row];
    const auto end = answer.index.begin() + answer.part_ptr[row + 1];
    if (end - begin == 1) {
      if (answer.weight[static_cast<std::size_t>(answer.part_ptr[row])] == 1.0F)
        kept.push_back(*begin);
      continue;
    }
    if (std::string problem = repetition({begin, end}, fmt::format("in token {}", row));
        !problem.empty()) {
      return problem;
    }
  }
  return repetition(std::move(kept), "among the kept ones");
}

std::string number_problem(const Answer& answer, const AnswerLimits& limits) {
  for (std::size_t e = 0; e < answer.weight.size(); ++e) {
    if (!std::isfinite(answer.weight[e]))
      return fmt::format("weight {} of index {} is not finite", answer.weight[e], answer.index[e]);
  }
  if (answer.anchor.empty()) return "";
  if (std::ssize(answer.anchor) != limits.tokens) {
    return fmt::format("{} anchors for {} tokens", answer.anchor.size(), limits.tokens);
  }
  for (const float anchor : answer.anchor) {
    // written so that NaN is refused as well
    if (!(anchor >= -1.0F && anchor <= static_cast<float>(limits.patches)))
      return fmt::format("anchor {} is out of range (-1 to {})", anchor, limits.patches);
  }
  return "";
}

float centroid(const PlanRows& rows, std::size_t begin, std::size_t end) {
  double weighted = 0, sum = 0;
  for (std::size_t e = begin; e < end; ++e) {
    const double size = std::abs(static_cast<double>(rows.weight[e]));
    weighted += size * static_cast<double>(rows.col[e]);
    sum += size;
  }
  return sum > 0 ? static_cast<float>(weighted / sum) : 0.0F;
}

}  // namespace

std::string problem_of(const Answer& answer, const AnswerLimits& limits) {
  if (const std::int64_t tokens = tokens_of(answer); tokens != limits.tokens)
    return fmt::format("{} tokens, not the {} of the budget", tokens, limits.tokens);
  if (std::string problem = offsets_problem(answer); !problem.empty()) return problem;
  if (std::string problem = index_problem(answer, limits.patches); !problem.empty()) return problem;
  if (std::string problem = repeated_index(answer); !problem.empty()) return problem;
  return number_problem(answer, limits);
}

PlanRows rows_of(const Answer& answer) {
  PlanRows rows;
  // In a plan CLS is row 0 and patch i row 1 + i, hence the 1 on indices and anchors.
  for (const std::int64_t patch : answer.index) rows.col.push_back(1 + patch);
  rows.weight =
      selects_only(answer) ? std::vector<float>(answer.index.size(), 1.0F) : answer.weight;
  rows.row_ptr = answer.part_ptr;
  if (selects_only(answer)) {
    for (std::int64_t row = 0; row <= std::ssize(answer.index); ++row) rows.row_ptr.push_back(row);
  }
  for (std::size_t row = 0; row + 1 < rows.row_ptr.size(); ++row) {
    rows.anchor.push_back(answer.anchor.empty()
                              ? centroid(rows, static_cast<std::size_t>(rows.row_ptr[row]),
                                         static_cast<std::size_t>(rows.row_ptr[row + 1]))
                              : 1.0F + answer.anchor[row]);
  }
  return rows;
}

}  // namespace litebench::prune
