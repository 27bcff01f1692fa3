#pragma once
// What the checkpoints hold, for processes that do not open them.

#include <memory>
#include <string>

#include "model/checkpoint/tensor_source.hpp"

namespace litebench::broadcast {

/// Names, dtypes and shapes of both checkpoints, without values.
struct Tables {
  std::shared_ptr<const model::TensorSource> glamm, clip;
};

/// To and from one text; from_text() gives tensors without bytes.
std::string to_text(const model::TensorSource& glamm, const model::TensorSource& clip);
Tables from_text(const std::string& text);

}  // namespace litebench::broadcast
