#include "model/prune/outside/plugin_pruner.hpp"

#include <array>
#include <string>

#include <dlfcn.h>
#include <fmt/core.h>

#include "base/error.hpp"
#include "model/prune/outside/inputs.hpp"
#include "model/prune/outside/outside_pruner.hpp"
#include "model/prune/plugin.h"

namespace litebench::prune {

static_assert(kInputNames.size() == LITEBENCH_INPUTS);

class Plugin {
 public:
  explicit Plugin(const std::filesystem::path& file)
      // With a slash, so that the loader searches nowhere else.
      : library_(::dlopen(std::filesystem::absolute(file).c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (library_ == nullptr) refuse(file, ::dlerror(), "give a shared object of this machine");
    try {
      table_ = entry_of(library_, file);
    } catch (...) {
      ::dlclose(library_);
      throw;
    }
  }
  ~Plugin() { ::dlclose(library_); }
  Plugin(const Plugin&) = delete;
  Plugin& operator=(const Plugin&) = delete;

  [[nodiscard]] const litebench_plugin& table() const { return *table_; }
  [[nodiscard]] bool wants(Input input) const {
    return (table_->inputs >> static_cast<unsigned>(input) & 1U) != 0;
  }

 private:
  [[noreturn]] static void refuse(const std::filesystem::path& file, std::string_view reason,
                                  std::string_view advice) {
    throw Error(ExitCode::usage, fmt::format("cannot use plug-in {}", file.string()), reason,
                advice);
  }

  static const litebench_plugin* entry_of(void* library, const std::filesystem::path& file) {
    constexpr std::string_view kCompile =
        "compile it against this litebench's model/prune/plugin.h";
    auto* symbol = ::dlsym(library, "litebench_plugin_entry");
    if (symbol == nullptr) refuse(file, "it exports no litebench_plugin_entry", kCompile);
    const litebench_plugin* table = reinterpret_cast<decltype(&litebench_plugin_entry)>(symbol)();
    if (table == nullptr) refuse(file, "its litebench_plugin_entry returns nothing", kCompile);
    // Read before anything else: of another version the first field alone is sure.
    if (table->version != LITEBENCH_PLUGIN_VERSION) {
      refuse(file,
             fmt::format("it speaks version {}, this litebench version {}", table->version,
                         LITEBENCH_PLUGIN_VERSION),
             kCompile);
    }
    if (table->select == nullptr) refuse(file, "it has no select()", kCompile);
    if (table->inputs >> LITEBENCH_INPUTS != 0) {
      refuse(file,
             fmt::format("it asks for inputs {:#x}, of which there are {}", table->inputs,
                         static_cast<int>(LITEBENCH_INPUTS)),
             kCompile);
    }
    return table;
  }

  void* library_;
  const litebench_plugin* table_ = nullptr;
};

namespace {

/// What a plug-in writes its answer into. The C struct comes first, so that its address is ours.
struct Sink {
  litebench_answer calls{};
  Answer answer;
  std::string reason;

  Sink() {
    answer.part_ptr = {0};
    calls.keep = [](litebench_answer* at, std::int64_t patch) {
      of(at).add(patch, 1.0F);
      of(at).end();
    };
    calls.part = [](litebench_answer* at, std::int64_t patch, float weight) {
      of(at).add(patch, weight);
    };
    calls.end = [](litebench_answer* at) { of(at).end(); };
    calls.fail = [](litebench_answer* at, const char* why) {
      of(at).reason = why != nullptr ? why : "";
    };
  }
  static Sink& of(litebench_answer* at) { return *reinterpret_cast<Sink*>(at); }
  void add(std::int64_t patch, float weight) {
    answer.index.push_back(patch);
    answer.weight.push_back(weight);
  }
  void end() { answer.part_ptr.push_back(std::ssize(answer.index)); }
};

class PluginPruner final : public OutsidePruner {
 public:
  PluginPruner(PrunerInfo info, std::int64_t tokens, std::shared_ptr<const Plugin> plugin)
      : OutsidePruner(std::move(info), tokens), plugin_(std::move(plugin)) {}

  [[nodiscard]] TapRequest taps(const model::Geometry& geometry) const override {
    TapRequest taps;
    for (int i = 0; i < LITEBENCH_INPUTS; ++i) {
      if (plugin_->wants(static_cast<Input>(i))) request(static_cast<Input>(i), geometry, taps);
    }
    return taps;
  }

 protected:
  [[nodiscard]] Answer answer(const VisionView& vision, const QueryView& queries) const override {
    std::array<at::Tensor, LITEBENCH_INPUTS> host;  // keeps the matrices alive during the call
    litebench_view view{};
    view.patches = vision.patches();
    view.grid = vision.grid();
    view.tokens = tokens();
    for (std::size_t i = 0; i < host.size(); ++i) {
      if (!plugin_->wants(static_cast<Input>(i))) continue;
      host[i] = get(static_cast<Input>(i), vision, queries).to(at::kCPU, at::kFloat).contiguous();
      view.inputs[i] = {host[i].const_data_ptr<float>(), host[i].size(0), host[i].size(1)};
    }
    Sink sink;
    if (const int code = plugin_->table().select(&view, &sink.calls); code != 0) {
      throw MethodFailure(
          fmt::format("the plug-in gives no answer ({})",
                      sink.reason.empty() ? fmt::format("code {}", code) : sink.reason));
    }
    if (sink.answer.part_ptr.back() != std::ssize(sink.answer.index))
      throw MethodFailure("the plug-in did not end its last token");
    return std::move(sink.answer);
  }

 private:
  std::shared_ptr<const Plugin> plugin_;
};

}  // namespace

std::shared_ptr<const Plugin> load_plugin(const std::filesystem::path& file) {
  return std::make_shared<const Plugin>(file);
}

std::shared_ptr<const Pruner> plugin_pruner(std::int64_t tokens,
                                            std::shared_ptr<const Plugin> plugin) {
  PrunerInfo info;
  info.id = "plugin";
  info.title = plugin->table().title != nullptr ? plugin->table().title : "Plug-in";
  info.fidelity = "outside";
  info.text_dependent = plugin->wants(Input::text);
  info.merges = true;
  info.native_order = unit::OrderPolicy::native;
  return std::make_shared<PluginPruner>(std::move(info), tokens, std::move(plugin));
}

}  // namespace litebench::prune
