#pragma once
// Declares the function of every method in methods.def.

#include "model/prune/registry.hpp"

namespace litebench::prune::methods {

#define METHOD(name) Method name();
#include "model/prune/methods.def"
#undef METHOD

}  // namespace litebench::prune::methods
