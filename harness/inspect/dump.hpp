#pragma once
// `litebench dump`: the tensors that pruning methods see, for chosen images, as an HDF5 file. Its
// layout is docs/outside-methods.md's.

#include "harness/cli/inspect_options.hpp"

namespace litebench::inspect {

/// Throws what a run would, and Error{io} when the output exists or cannot be written.
int dump(const cli::InspectOptions& options);

}  // namespace litebench::inspect
