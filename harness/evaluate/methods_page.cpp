#include "harness/evaluate/methods_page.hpp"

#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.hpp"
#include "model/llama/accounting.hpp"
#include "model/prune/cost.hpp"

namespace litebench::evaluate {
namespace {

constexpr std::int64_t kTokens = 192, kText = 128;

std::shared_ptr<const prune::Pruner> example(const prune::Method& method, unit::BudgetMode mode) {
  prune::Options options;
  for (const prune::MethodOption& option : method.options) {
    options[option.name] = option.values.front();
  }
  return method.make(method.info, {method.budgeted ? kTokens : 0, mode}, options);
}

std::string joined(const std::vector<std::string>& parts, std::string_view none) {
  return parts.empty() ? std::string(none) : fmt::format("{}", fmt::join(parts, "; "));
}

std::string seen_of(const model::ClipTap& tap) {
  std::vector<std::string> parts;
  if (tap.cls_row) parts.emplace_back("CLS attention");
  if (tap.q) parts.emplace_back("queries");
  if (tap.k) parts.emplace_back("keys");
  if (tap.v) parts.emplace_back("values");
  return fmt::format("{} of CLIP layer {}", fmt::join(parts, ", "), tap.layer);
}

/// What the method looks at, beside what every method could.
std::string inputs(const prune::Pruner& pruner, const model::Geometry& geometry) {
  const prune::TapRequest taps = pruner.taps(geometry);
  std::vector<std::string> parts;
  for (const model::ClipTap& tap : taps.vision.layers) parts.push_back(seen_of(tap));
  if (!taps.vision.hidden.empty()) {
    parts.push_back(fmt::format("CLIP's hidden states {}", fmt::join(taps.vision.hidden, ", ")));
  }
  if (taps.vision.joint) parts.emplace_back("patches in CLIP's joint space");
  if (taps.text == prune::TextTap::protocol) parts.emplace_back("CLIP text (protocol: `simtext`)");
  if (taps.text == prune::TextTap::expression) parts.emplace_back("CLIP text of the expression");
  if (taps.projected) parts.emplace_back("projected patches");
  const std::vector<std::int64_t> cuts = pruner.cut_layers(geometry);
  if (!cuts.empty()) {
    parts.push_back(fmt::format("the language model before layer {}", fmt::join(cuts, ", ")));
  }
  return joined(parts, "nothing");
}

/// The modes in which 192 tokens can be had, with what enters the first and the last layer.
std::string budgets(const prune::Method& method, const model::Geometry& geometry) {
  if (!method.budgeted) return "takes none";
  std::vector<std::string> parts;
  for (const auto mode :
       {unit::BudgetMode::exact, unit::BudgetMode::after_prune, unit::BudgetMode::layer_mean}) {
    std::variant<prune::Schedule, prune::Infeasible> planned;
    try {
      planned = example(method, mode)->schedule(geometry);
    } catch (const Error&) {
      continue;  // the method does not know the mode
    }
    const auto* schedule = std::get_if<prune::Schedule>(&planned);
    if (schedule == nullptr) continue;
    parts.push_back(fmt::format("`{}` ({} → {}, mean {:.1f})", unit::name_of(mode),
                                schedule->entering.front(), schedule->entering.back(),
                                schedule->mean()));
  }
  return joined(parts, "none at 192 tokens");
}

std::string cost(const prune::Method& method, const prune::Pruner& pruner,
                 const model::Geometry& geometry) {
  const double taps = prune::tap_macs(pruner.taps(geometry), geometry, kTokens);
  const double own = method.macs ? method.macs(geometry, kTokens) : 0;
  const double prefill =
      model::llm_flops(geometry.llama, geometry.vision.patches() + kText).total() / 2;
  if (taps + own == 0) return "none";
  return fmt::format("{:.3f} G to see it + {:.3f} G to select; {:.2f} % of the unpruned prefill",
                     taps * 1e-9, own * 1e-9, 100 * (taps + own) / prefill);
}

/// The mode that the method is made for, so that its inputs can be asked for.
std::shared_ptr<const prune::Pruner> any_example(const prune::Method& method) {
  try {
    return example(method, unit::BudgetMode::exact);
  } catch (const Error&) {
    return example(method, unit::BudgetMode::after_prune);
  }
}

void section(std::string& page, const prune::Method& method, const model::Geometry& geometry) {
  const auto out = std::back_inserter(page);
  const prune::PrunerInfo& info = method.info;
  const auto pruner = any_example(method);
  fmt::format_to(out, "\n## {}\n\n{}. {}\n\n", info.id, info.title, method.about);
  fmt::format_to(out, "| | |\n|---|---|\n");
  const auto row = [&](std::string_view what, const std::string& value) {
    fmt::format_to(out, "| {} | {} |\n", what, value);
  };
  row("source", info.paper.empty() ? "litebench" : info.paper);
  row("fidelity", info.fidelity);
  row("sees", inputs(*pruner, geometry));
  row("depends on the text", info.text_dependent ? "yes" : "no");
  row("tokens are", info.merges ? "selected and merged" : "selected");
  if (info.draws) row("draws", "yes: `seeds`");
  row("budgets", budgets(method, geometry));
  row("native order, positions",
      fmt::format("{}, {}",
                  info.native_order == unit::OrderPolicy::raster ? "raster" : "the method's own",
                  unit::name_of(info.native_position)));
  row("MACs", cost(method, *pruner, geometry));
  for (const prune::MethodOption& option : method.options) {
    row(fmt::format("`{}` = {}", option.name, fmt::join(option.values, ", ")), option.help);
  }
  if (method.quirks.empty()) return;
  page += "\n";
  for (const std::string& quirk : method.quirks) fmt::format_to(out, "- {}\n", quirk);
}

}  // namespace

std::string methods_page(const prune::Registry& registry) {
  const model::Geometry geometry = model::named_geometry("glamm-7b");
  const double prefill =
      model::llm_flops(geometry.llama, geometry.vision.patches() + kText).total() / 2;
  std::string page = fmt::format(
      "# Pruning methods\n\n"
      "Written by `litebench list methods --markdown`; a test compares. Budgets and costs are "
      "those of GLaMM-7B at {} of\n"
      "{} visual tokens: `mode` (tokens entering the first → the last layer, mean over layers), "
      "and multiply-adds (MACs; two\n"
      "operations each) for one text of {} tokens, without what the unpruned model computes "
      "anyway. The unpruned prefill\n"
      "with {} other tokens is {:.2f} T. Measured times: [measured](measured/README.md). The "
      "first value of an option is\n"
      "its default; `fidelity` names the commit of the code that was followed.\n",
      kTokens, geometry.vision.patches(), prune::kNominalText, kText, prefill * 1e-12);
  for (const prune::Method& method : registry.methods()) section(page, method, geometry);
  return page;
}

}  // namespace litebench::evaluate
