#include "harness/broadcast/load_through.hpp"

#include "base/error.hpp"

namespace litebench::broadcast {
namespace {

/// As something that the other ranks can throw too.
void tell_others(PiecewiseRelay& relay, const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  relay.fail(known != nullptr ? *known : Error(ExitCode::restart, error.what()));
}

}  // namespace

model::LoadedModel load_through(PiecewiseRelay& relay, std::string_view glamm,
                                std::string_view clip, model::LoadOptions options,
                                const Tables& tables) {
  options.relay = &relay;
  if (!relay.reads()) {
    options.glamm_table = tables.glamm;
    options.clip_table = tables.clip;
  }
  try {
    return model::load_model(glamm, clip, options);
  } catch (const std::exception& error) {
    if (relay.reads()) tell_others(relay, error);
    throw;
  }
}

}  // namespace litebench::broadcast
