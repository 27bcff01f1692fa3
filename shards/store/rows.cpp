#include "shards/store/rows.hpp"

namespace litebench::store {
namespace {

constexpr std::array<std::string_view, kStatuses> kStatusNames{"ok",      "failed_decode", "failed_sample", "oom",
                                                    "timeout", "poisoned",      "lost",          "infeasible", "failed_method"};
constexpr std::array<std::string_view, 2> kPasses{"accuracy", "latency"};
constexpr std::array<std::string_view, kStages> kStageNames{"decode",  "preprocess", "clip", "select", "project",
                                                            "prefill", "sam",        "mask", "post"};

// Rows come from files, so a value may be outside the enumeration.
template <std::size_t N>
std::string_view name_in(const std::array<std::string_view, N>& names, int value) {
  return value >= 0 && value < static_cast<int>(N) ? names[static_cast<std::size_t>(value)] : "?";
}

}  // namespace

std::string_view name_of(Status status) { return name_in(kStatusNames, static_cast<int>(status)); }
bool is_transient(Status status) {
  return status == Status::oom || status == Status::timeout || status == Status::poisoned ||
         status == Status::lost;
}
std::string_view name_of(Pass pass) { return name_in(kPasses, static_cast<int>(pass)); }
std::string_view name_of(Stage stage) { return name_in(kStageNames, static_cast<int>(stage)); }

}  // namespace litebench::store
