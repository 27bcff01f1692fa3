#pragma once
// Retained tokens that some program wrote for evaluation as `method = "plan:FILE"`. The layout is
// docs/outside-methods.md's.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shards/store/h5.hpp"

namespace litebench::plans {

/// Whose plan: the expressions of one conversation, in order.
struct PlanKey {
  std::string split;  ///< "refcoco/val"
  std::int64_t image_id = 0;
  std::vector<std::int64_t> sent_ids;
  std::int64_t tokens = 0;      ///< the budget
  std::uint64_t sample_id = 0;  ///< the conversation itself, for plans that ask for it
};

/// A plan as the file has it; nothing about its values is checked.
struct StoredPlan {
  std::vector<std::int64_t> part_ptr;  ///< rebased to 0; empty: every index is one kept patch
  std::vector<std::int64_t> index;
  std::vector<float> weight, anchor;  ///< empty where the file has none
};

/// An open file. Keys and offsets are read at once, the plans themselves when they are asked for.
/// One thread at a time (HDF5).
class PlanFile {
 public:
  /// Throws Error{io} when the file cannot be read, Error{data} when it is no plan file or its
  /// tables do not fit one another.
  explicit PlanFile(const std::filesystem::path& path);

  /// Why there is none is said in `reason`. Throws Error{data} when the file cannot be read there.
  [[nodiscard]] std::optional<StoredPlan> find(const PlanKey& key, std::string& reason) const;

 private:
  /// One split's tables. P plans.
  struct Split {
    std::vector<std::int64_t> sent_ptr, sent_id;   ///< P + 1; all expressions
    std::vector<std::int64_t> tokens;              ///< P
    std::vector<std::uint64_t> sample_id;          ///< P, or empty
    std::vector<std::int64_t> plan_ptr, part_ptr;  ///< P + 1 into tokens; empty or tokens + 1
    store::h5::DataSet index, weight, anchor;
    bool weighted = false, anchored = false;
    std::multimap<std::int64_t, std::size_t> of_image;  ///< image id -> plan
  };
  static Split read_split(const store::h5::Group& group, const std::string& where);
  static StoredPlan read_plan(const Split& split, std::size_t plan);

  store::h5::File file_;
  std::map<std::string, Split, std::less<>> splits_;
};

}  // namespace litebench::plans
