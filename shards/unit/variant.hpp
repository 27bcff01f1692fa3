#pragma once
// A variant: a pruning method with its budget, policies and options. Its canonical spelling is its id:
// `litelvlm@192`, `fastv@128[mode=layermean,pos=compact]`, `none`.

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace litebench::unit {

enum class BudgetMode : std::uint8_t { exact, after_prune, layer_mean };      // exact | afterprune | layermean
enum class PositionPolicy : std::uint8_t { native, compact, original, stretch };
enum class OrderPolicy : std::uint8_t { native, raster };

/// A method from outside is `plan:FILE`, `torchscript:FILE` or `plugin:FILE`: `method` is the word before the colon.
struct Variant {
  std::string method = "none";
  std::string file = {};                         ///< of a method from outside; empty for litebench's own
  std::string content = {};                      ///< hash of that file's bytes in 16 hex digits; empty: not read yet
  std::int64_t tokens = 0;                       ///< 0: no budget (method `none`)
  BudgetMode mode = BudgetMode::exact;
  PositionPolicy position = PositionPolicy::native;
  OrderPolicy order = OrderPolicy::native;
  std::map<std::string, std::string> options;    ///< the method's own, sorted by name

  bool operator==(const Variant&) const = default;
};

/// The words before the colon.
inline constexpr std::array<std::string_view, 3> kOutside{"plan", "torchscript", "plugin"};

/// `plan:FILE` -> method and file; every other spelling is a method's name. Throws Error{usage} when no file follows the
/// colon.
void set_method(Variant& variant, std::string_view spelling);
/// What set_method reads: `trim`, `plan:plans/mine.h5`.
std::string method_spelling(const Variant& variant);

/// Only what differs from the defaults is spelled; brackets hold mode, pos, order, then options in name order. A method
/// from outside whose content is known is spelled by the name of its file, without folder and extension, and the
/// beginning of the hash: `plan:mine-0a1b2c3d@64`.
std::string id_of(const Variant& variant);

/// Reads a canonical id back, or one with a file (`plan:plans/mine.h5@64`). Throws Error{usage} saying which part is
/// wrong. The id of a method from outside does not lead back to its file: what it spells is kept as `file`.
Variant parse_variant(std::string_view id);

std::string_view name_of(BudgetMode mode);
std::string_view name_of(PositionPolicy policy);
std::string_view name_of(OrderPolicy policy);
BudgetMode budget_mode(std::string_view name);          ///< these three throw Error{usage} with the allowed names
PositionPolicy position_policy(std::string_view name);
OrderPolicy order_policy(std::string_view name);

}  // namespace litebench::unit
