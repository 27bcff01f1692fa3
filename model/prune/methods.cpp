#include "model/prune/methods.hpp"

namespace litebench::prune {

Registry builtin_registry() {
  std::vector<Method> all;
#define METHOD(name) all.push_back(methods::name());
#include "model/prune/methods.def"
#undef METHOD
  return Registry(std::move(all));
}

}  // namespace litebench::prune
