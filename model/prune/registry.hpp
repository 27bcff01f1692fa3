#pragma once
// The known pruning methods by name. A method is one file in methods/ and one line in methods.def.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/prune/options.hpp"
#include "model/prune/pruner.hpp"
#include "shards/unit/variant.hpp"

namespace litebench::prune {

struct Method {
  PrunerInfo info;
  std::string help;   ///< one line, for lists
  std::string about;  ///< two sentences or so, for docs/methods.md
  std::vector<std::string>
      quirks;                ///< what is surprising in the published code, and whether it is kept
  bool budgeted = true;      ///< takes a number of tokens; only `none` does not
  bool own_setting = false;  ///< works without one too, as published
  std::vector<MethodOption> options;
  std::function<std::shared_ptr<const Pruner>(const PrunerInfo&, const Budget&, const Options&)>
      make;
  /// Multiply-adds of the selection itself for `tokens` tokens and one text, beside what the taps
  /// cost (model/prune/cost.hpp). Null: none, only sums and comparisons.
  std::function<double(const model::Geometry&, std::int64_t tokens)> macs;
};

class Registry {
 public:
  explicit Registry(std::vector<Method> methods);

  /// Throws Error{usage}: unknown method or option (names the nearest one), value not allowed,
  /// budget missing or not wanted.
  [[nodiscard]] std::shared_ptr<const Pruner> make(const unit::Variant& variant) const;
  /// Throws Error{usage} with the nearest known name.
  [[nodiscard]] const Method& find(std::string_view id) const;
  [[nodiscard]] const std::vector<Method>& methods() const { return methods_; }

 private:
  std::vector<Method> methods_;
};

/// All shipped methods.
Registry builtin_registry();

}  // namespace litebench::prune
