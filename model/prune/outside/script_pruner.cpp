#include "model/prune/outside/script_pruner.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include "base/error.hpp"
#include "base/suggest.hpp"
#include "model/prune/outside/inputs.hpp"
#include "model/prune/outside/outside_pruner.hpp"

namespace litebench::prune {

/// One argument of forward(): a tensor, or one of the two numbers.
struct ScriptArgument {
  enum class Kind : std::uint8_t { input, tokens, grid } kind = Kind::input;
  Input input = Input::features;
};

class Script {
 public:
  mutable torch::jit::Module loaded;  // forward() is not const, but changes nothing of ours
  std::vector<ScriptArgument> arguments;
};

namespace {

constexpr std::string_view kAdvice = "docs/outside-methods.md says what a module gets and returns";

/// LibTorch's messages are stack traces: the last line that says something is the reason.
std::string reason_of(const std::exception& error) {
  const auto* known = dynamic_cast<const c10::Error*>(&error);
  std::string text = known != nullptr ? known->what_without_backtrace() : error.what();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const std::size_t line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}

ScriptArgument argument_of(const std::string& name, const std::filesystem::path& file) {
  if (name == "tokens") return {.kind = ScriptArgument::Kind::tokens};
  if (name == "grid") return {.kind = ScriptArgument::Kind::grid};
  const auto at = std::find(kInputNames.begin(), kInputNames.end(), name);
  if (at != kInputNames.end()) {
    return {.kind = ScriptArgument::Kind::input,
            .input = static_cast<Input>(at - kInputNames.begin())};
  }
  std::vector<std::string> known(kInputNames.begin(), kInputNames.end());
  known.insert(known.end(), {"tokens", "grid"});
  const std::string near = nearest(name, known);
  throw Error(ExitCode::usage, fmt::format("cannot use {}", file.string()),
              fmt::format("its forward() wants \"{}\", which no method sees", name),
              near.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                           : fmt::format("did you mean \"{}\"?", near));
}

/// Integers of any width on the host.
std::vector<std::int64_t> integers(const c10::IValue& value, std::string_view what) {
  if (!value.isTensor()) throw MethodFailure(fmt::format("{} is no tensor", what));
  const at::Tensor& tensor = value.toTensor();
  if (!tensor.defined() || tensor.dim() != 1 || !c10::isIntegralType(tensor.scalar_type(), false)) {
    throw MethodFailure(fmt::format("{} is no one-dimensional tensor of integers", what));
  }
  const at::Tensor host = tensor.to(at::kCPU, at::kLong).contiguous();
  const std::int64_t* data = host.const_data_ptr<std::int64_t>();
  return {data, data + host.numel()};
}

std::vector<float> reals(const c10::IValue& value, std::string_view what) {
  if (!value.isTensor()) throw MethodFailure(fmt::format("{} is no tensor", what));
  const at::Tensor& tensor = value.toTensor();
  if (!tensor.defined() || tensor.dim() != 1 || !c10::isFloatingType(tensor.scalar_type())) {
    throw MethodFailure(fmt::format("{} is no one-dimensional tensor of real numbers", what));
  }
  const at::Tensor host = tensor.to(at::kCPU, at::kFloat).contiguous();
  const float* data = host.const_data_ptr<float>();
  return {data, data + host.numel()};
}

Answer answer_of(const c10::IValue& returned) {
  Answer answer;
  if (returned.isTensor()) {
    answer.index = integers(returned, "what forward() returns");
    return answer;
  }
  const bool tuple = returned.isTuple();
  const std::size_t size = tuple ? returned.toTupleRef().elements().size() : 0;
  if (size != 3 && size != 4) {
    throw MethodFailure(
        "forward() returns neither indices nor (part_ptr, index, weight) nor these and anchor");
  }
  const auto& parts = returned.toTupleRef().elements();
  answer.part_ptr = integers(parts[0], "part_ptr");
  if (answer.part_ptr.empty()) throw MethodFailure("part_ptr is empty");
  answer.index = integers(parts[1], "index");
  answer.weight = reals(parts[2], "weight");
  if (size == 4) answer.anchor = reals(parts[3], "anchor");
  return answer;
}

class ScriptPruner final : public OutsidePruner {
 public:
  ScriptPruner(PrunerInfo info, std::int64_t tokens, std::shared_ptr<const Script> script)
      : OutsidePruner(std::move(info), tokens), script_(std::move(script)) {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest taps;
    for (const ScriptArgument& argument : script_->arguments) {
      if (argument.kind == ScriptArgument::Kind::input) request(argument.input, geometry, taps);
    }
    return taps;
  }

 protected:
  [[nodiscard]] Answer answer(const VisionView& vision, const QueryView& queries) const override {
    std::vector<c10::IValue> stack;
    for (const ScriptArgument& argument : script_->arguments) {
      switch (argument.kind) {
        case ScriptArgument::Kind::tokens: stack.emplace_back(tokens()); break;
        case ScriptArgument::Kind::grid: stack.emplace_back(vision.grid()); break;
        case ScriptArgument::Kind::input:
          // A copy: other variants read the same tensors, and a module may write into its own.
          stack.emplace_back(get(argument.input, vision, queries).clone());
          break;
      }
    }
    // Unoptimised: the interpreter otherwise fuses after a few calls, and an answer would depend on
    // how many images a rank saw before.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    try {
      return answer_of(script_->loaded.forward(std::move(stack)));
    } catch (const MethodFailure&) {
      throw;
    } catch (const c10::OutOfMemoryError&) {
      throw;
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      throw MethodFailure(fmt::format("the module failed: {}", reason_of(error)));
    }
  }

 private:
  std::shared_ptr<const Script> script_;
};

}  // namespace

std::shared_ptr<const Script> load_script(const std::filesystem::path& file, c10::Device device) {
  auto script = std::make_shared<Script>();
  try {
    script->loaded = torch::jit::load(file.string(), device);
    script->loaded.eval();
  } catch (const std::exception& error) {
    throw Error(ExitCode::data, fmt::format("cannot load {}", file.string()), reason_of(error),
                "write it with torch.jit.script(module).save(FILE)");
  }
  const auto forward = script->loaded.find_method("forward");
  if (!forward) {
    throw Error(ExitCode::usage, fmt::format("cannot use {}", file.string()),
                "the module has no forward()", std::string(kAdvice));
  }
  const auto& arguments = forward->function().getSchema().arguments();
  for (std::size_t i = 1; i < arguments.size(); ++i)  // the first one is self
    script->arguments.push_back(argument_of(arguments[i].name(), file));
  return script;
}

std::shared_ptr<const Pruner> script_pruner(std::int64_t tokens,
                                            std::shared_ptr<const Script> script) {
  PrunerInfo info;
  info.id = "torchscript";
  info.title = "Scripted module";
  info.fidelity = "outside";
  info.text_dependent = std::any_of(
      script->arguments.begin(), script->arguments.end(), [](const ScriptArgument& argument) {
        return argument.kind == ScriptArgument::Kind::input && argument.input == Input::text;
      });
  info.merges = true;
  info.native_order = unit::OrderPolicy::native;
  return std::make_shared<ScriptPruner>(std::move(info), tokens, std::move(script));
}

}  // namespace litebench::prune
