#pragma once
// What the engine tells the small program: its methods, and whether it can work here.

namespace litebench::evaluate {

/// Prints every method with its options, or docs/methods.md. Returns the exit code.
int list_methods(bool markdown);

/// Prints LibTorch's version, the devices and MPI's thread level. Returns the exit code.
int probe();

}  // namespace litebench::evaluate
