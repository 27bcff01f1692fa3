#pragma once
// What the programs have in common that mpirun starts: checks that count, and the golden checkpoints through a relay.

#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ops/equal.h>

#include "base/error.hpp"
#include "harness/broadcast/tables.hpp"
#include "harness/launch/group.hpp"
#include "model/checkpoint/expected.hpp"
#include "model/weights/weights.hpp"

namespace litebench::test {

inline constexpr const char* kGlamm = "tests/golden/tiny/glamm";
inline constexpr const char* kClip = "tests/golden/tiny/clip";

/// Counts what is not as it should be and says so.
class Checks {
 public:
  explicit Checks(int rank) : rank_(rank) {}
  void operator()(bool right, const std::string& what) {
    if (right) return;
    ++failures_;
    std::fprintf(stderr, "FAILED on rank %d: %s\n", rank_, what.c_str());
  }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  int rank_, failures_ = 0;
};

/// Code and sentence of what `work` throws.
inline std::pair<int, std::string> met(const std::function<void()>& work) {
  try {
    work();
    return {0, "nothing"};
  } catch (const Error& error) {
    return {static_cast<int>(error.code()), error.what()};
  }
}

/// For the ranks that open nothing.
inline broadcast::Tables tables_from_rank_0(const launch::Group& all) {
  std::string text;
  if (all.rank() == 0)
    text = broadcast::to_text(*model::open_checkpoint(kGlamm), *model::open_checkpoint(kClip));
  return broadcast::from_text(all.broadcast(text));
}

inline bool equal(const model::Weights& one, const model::Weights& other,
                  const std::vector<model::TensorSpec>& specs) {
  int compared = 0;
  for (const model::TensorSpec& spec : specs) {
    if (one.contains(spec.name) != other.contains(spec.name)) return false;
    if (!one.contains(spec.name)) continue;
    ++compared;
    if (!at::equal(one.at(spec.name), other.at(spec.name))) return false;
  }
  return compared > 50;
}

}  // namespace litebench::test
