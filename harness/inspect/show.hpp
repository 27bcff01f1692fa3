#pragma once
// `litebench show`: what several methods keep of one image and what the model then segments, side by
// side in a PNG.

#include "harness/cli/inspect_options.hpp"

namespace litebench::inspect {

/// Throws what a run would, Error{usage} for a conversation the image does not have, and Error{io}
/// when the output cannot be written.
int show(const cli::InspectOptions& options);

}  // namespace litebench::inspect
