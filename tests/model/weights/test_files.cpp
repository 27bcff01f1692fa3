#include "tests/model/weights/test_files.hpp"

#include <cstdlib>
#include <map>
#include <stdexcept>

#include "model/checkpoint/convert.hpp"
#include "model/checkpoint/safetensors_writer.hpp"

namespace litebench::model::test {

TemporaryFolder::TemporaryFolder() {
  auto name = (std::filesystem::temp_directory_path() / "litebench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

void write_edited(const std::string& source, const std::string& folder, DType dtype,
                  const std::function<void(Editable&)>& edit) {
  convert(source, folder, {.dtype = dtype});
  const auto file = std::filesystem::path(folder) / "model.safetensors";
  std::map<std::string, Editable> tensors;
  {
    const auto converted = open_checkpoint(file);
    for (const auto& info : converted->tensors()) {
      Editable tensor{info.name, info.dtype, info.shape, {info.bytes.begin(), info.bytes.end()}};
      edit(tensor);
      if (!tensor.name.empty()) tensors.emplace(tensor.name, tensor);
    }
  }
  std::vector<PlannedTensor> plan;
  for (const auto& [name, tensor] : tensors) plan.push_back({name, tensor.dtype, tensor.shape});
  write_safetensors(file, plan, [&](const PlannedTensor& planned, const ByteSink& sink) {
    sink(tensors.at(planned.name).bytes);
  });
}

}  // namespace litebench::model::test
