#pragma once
// Loading a model through a relay.

#include <string_view>

#include "harness/broadcast/piecewise.hpp"
#include "harness/broadcast/tables.hpp"
#include "model/weights/weights.hpp"

namespace litebench::broadcast {

/// model::load_model() on all ranks of the relay; those that do not read take `tables` in place of the checkpoints' files.
/// What keeps the reader from going on, a file that went away for example, is thrown on all of them.
model::LoadedModel load_through(PiecewiseRelay& relay, std::string_view glamm,
                                std::string_view clip, model::LoadOptions options,
                                const Tables& tables);

}  // namespace litebench::broadcast
