#pragma once
// A variant: a pruning method with its budget, policies and options. Its canonical spelling is its id:
// `litelvlm@192`, `fastv@128[mode=layermean,pos=compact]`, `none`.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace litebench::unit {

enum class BudgetMode : std::uint8_t { exact, after_prune, layer_mean };      // exact | afterprune | layermean
enum class PositionPolicy : std::uint8_t { native, compact, original, stretch };
enum class OrderPolicy : std::uint8_t { native, raster };

struct Variant {
  std::string method = "none";
  std::int64_t tokens = 0;                       ///< 0: no budget (method `none`)
  BudgetMode mode = BudgetMode::exact;
  PositionPolicy position = PositionPolicy::native;
  OrderPolicy order = OrderPolicy::native;
  std::map<std::string, std::string> options;    ///< the method's own, sorted by name

  bool operator==(const Variant&) const = default;
};

/// Only what differs from the defaults is spelled; brackets hold mode, pos, order, then options in name order.
std::string id_of(const Variant& variant);

/// Reads a canonical id back. Throws Error{usage} saying which part is wrong.
Variant parse_variant(std::string_view id);

std::string_view name_of(BudgetMode mode);
std::string_view name_of(PositionPolicy policy);
std::string_view name_of(OrderPolicy policy);
BudgetMode budget_mode(std::string_view name);          ///< these three throw Error{usage} with the allowed names
PositionPolicy position_policy(std::string_view name);
OrderPolicy order_policy(std::string_view name);

}  // namespace litebench::unit
