#include "model/weights/weights.hpp"

#include <stdexcept>
#include <utility>

namespace litebench::model {

Weights::Weights(std::map<std::string, at::Tensor> tensors, std::shared_ptr<const void> keep_alive)
    : keep_alive_(std::move(keep_alive)) {
  for (auto& [name, tensor] : tensors) tensors_.emplace(name, std::move(tensor));
}

const at::Tensor& Weights::at(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw std::out_of_range("no weight named " + std::string(name));
  return found->second;
}

bool Weights::contains(std::string_view name) const { return tensors_.contains(name); }

at::ScalarType Weights::dtype() const { return tensors_.begin()->second.scalar_type(); }

at::Device Weights::device() const { return tensors_.begin()->second.device(); }

}  // namespace litebench::model
