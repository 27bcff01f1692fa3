#include "harness/broadcast/tables.hpp"

#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "model/checkpoint/layout.hpp"

namespace litebench::broadcast {
namespace {

using nlohmann::json;

class Table final : public model::TensorSource {
 public:
  explicit Table(std::vector<model::TensorInfo> tensors) : tensors_(std::move(tensors)) {}
  [[nodiscard]] std::span<const model::TensorInfo> tensors() const override { return tensors_; }

 private:
  std::vector<model::TensorInfo> tensors_;
};

json rows_of(const model::TensorSource& source) {
  json rows = json::array();
  for (const model::TensorInfo& tensor : source.tensors())
    rows.push_back({tensor.name, static_cast<int>(tensor.dtype), tensor.shape});
  return rows;
}

std::shared_ptr<const model::TensorSource> table_of(const json& rows) {
  std::vector<model::TensorInfo> tensors;
  for (const json& row : rows) {
    model::TensorInfo tensor;
    tensor.name = row.at(0).get<std::string>();
    tensor.dtype = static_cast<model::DType>(row.at(1).get<int>());
    tensor.shape = row.at(2).get<std::vector<std::int64_t>>();
    tensor.strides = model::contiguous_strides(tensor.shape);
    tensors.push_back(std::move(tensor));
  }
  return std::make_shared<const Table>(std::move(tensors));
}

}  // namespace

// Names may be any bytes, JSON is UTF-8: CBOR carries them as they are.
std::string to_text(const model::TensorSource& glamm, const model::TensorSource& clip) {
  std::string text;
  json::to_cbor(json::array({rows_of(glamm), rows_of(clip)}), text);
  return text;
}

Tables from_text(const std::string& text) {
  const json both = json::from_cbor(text);
  return {table_of(both.at(0)), table_of(both.at(1))};
}

}  // namespace litebench::broadcast
