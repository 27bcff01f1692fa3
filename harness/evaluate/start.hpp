#pragma once
// What rank 0 settles before the others begin: the folder, what earlier attempts left, the keys.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config.hpp"
#include "harness/evaluate/keys.hpp"
#include "harness/evaluate/packs.hpp"
#include "harness/evaluate/plan.hpp"

namespace litebench::evaluate {

/// A bundle that this start records as failed instead of doing it. A group is given up whole: which
/// of its images is to blame nobody knows.
struct Quarantined {
  std::uint64_t bundle_id = 0;
  bool timed_out = false;  ///< its last attempt ran out of time; otherwise it died without a word
  std::string reason;
};

/// One pack of the run and what is left of it.
struct PackStart {
  PackedVariants variants;
  /// Bundles of this plan that earlier attempts finished or gave up.
  std::vector<std::uint64_t> done;
  /// Groups in work when an attempt died: done last, one at a time.
  std::vector<std::uint64_t> suspects;
  std::vector<Quarantined> quarantined;  ///< in work when two died: this start gives them up
};

struct StartInfo {
  std::string attempt;
  Parts family, plan;
  std::vector<PackStart> packs;

  /// To and from one text, for a broadcast.
  [[nodiscard]] std::string to_text() const;
  static StartInfo from_text(const std::string& text);
};

/// Scans the shards of earlier attempts and writes config.toml. Throws Error{usage} when the folder
/// holds a run that cannot be mixed with this one, Error{io} when there is too little room. Leaves
/// `plan` with the bundles of the last pack.
/// `retry`: what earlier attempts gave up is tried again.
StartInfo prepare_start(const config::Config& config, Plan& plan, std::string attempt,
                        std::string_view device_kind, bool retry);

}  // namespace litebench::evaluate
