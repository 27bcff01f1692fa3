#pragma once
// What rank 0 settles before the others begin: the folder, what earlier attempts left, the keys.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/config/config.hpp"
#include "harness/evaluate/keys.hpp"
#include "harness/evaluate/plan.hpp"

namespace litebench::evaluate {

struct StartInfo {
  std::string attempt;
  Parts family, pack, plan;
  std::vector<std::uint64_t> done;  ///< bundles of this plan that earlier attempts finished

  /// To and from one text, for a broadcast.
  [[nodiscard]] std::string to_text() const;
  static StartInfo from_text(const std::string& text);
};

/// Scans the shards of earlier attempts and writes config.toml. Throws Error{usage} when the folder
/// holds a run that cannot be mixed with this one, Error{io} when there is too little room.
StartInfo prepare_start(const config::Config& config, const Plan& plan, std::string attempt,
                        std::string_view device_kind);

}  // namespace litebench::evaluate
