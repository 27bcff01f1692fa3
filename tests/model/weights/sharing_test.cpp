// Ranks of one node share a checkpoint's pages when nothing has to be converted.

#include <cstdint>
#include <fstream>
#include <string>

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "model/checkpoint/convert.hpp"
#include "model/weights/weights.hpp"
#include "tests/model/weights/test_files.hpp"

namespace litebench::model {
namespace {

using test::kClip, test::kGlamm;

/// The file behind an address of this process, from the kernel's own list of mappings; "" for memory without a file.
std::string file_behind(const void* address) {
  std::ifstream maps("/proc/self/maps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  for (std::string line; std::getline(maps, line);) {
    std::size_t used = 0;
    const auto begin = std::stoull(line, &used, 16);
    const auto end = std::stoull(line.substr(used + 1), nullptr, 16);
    if (wanted < begin || wanted >= end) continue;
    const auto path = line.find('/');
    return path == std::string::npos ? "" : line.substr(path);
  }
  return "";
}

TEST(Sharing, WeightsOfTheFilesDtypeAreViewsOfTheFile) {
  for (const auto& [dtype, run] :
       {std::pair(DType::f32, at::kFloat), std::pair(DType::bf16, at::kBFloat16)}) {
    const test::TemporaryFolder folder;
    convert(kGlamm, folder.path(), {.dtype = dtype});
    const auto file = std::filesystem::canonical(folder.path()) / "model.safetensors";
    const auto one = load_model(folder.path(), kClip, {.dtype = run});
    const auto other = load_model(folder.path(), kClip, {.dtype = run});
    const auto checkpoint = open_checkpoint(file);
    std::int64_t views = 0;
    for (const auto& info : checkpoint->tensors()) {
      if (!one.glamm->contains(info.name)) continue;
      ++views;
      for (const auto* model : {&one, &other})
        EXPECT_EQ(file_behind(model->glamm->at(info.name).const_data_ptr()), file) << info.name;
      EXPECT_TRUE(at::equal(one.glamm->at(info.name), other.glamm->at(info.name)));
    }
    EXPECT_GT(views, 200);
  }
}

TEST(Sharing, ConvertedWeightsAreNotInTheFile) {
  const auto model = load_model(kGlamm, kClip, {.dtype = at::kFloat});
  EXPECT_EQ(file_behind(model.glamm->at("model.norm.weight").const_data_ptr()), "");
}

TEST(Sharing, ATransposedTensorBecomesDense) {
  const auto model = load_model(kGlamm, kClip, {.dtype = at::kFloat});
  const auto& weight = model.clip->at("text_projection.weight");
  EXPECT_TRUE(weight.is_contiguous());
}

TEST(Sharing, ATensorOutlivesTheModelItCameFrom) {
  const test::TemporaryFolder folder;
  convert(kGlamm, folder.path(), {.dtype = DType::f32});
  at::Tensor weight;
  { weight = load_model(folder.path(), kClip, {}).glamm->at("model.norm.weight"); }
  const auto again = load_model(kGlamm, kClip, {}).glamm->at("model.norm.weight");
  EXPECT_TRUE(at::equal(weight, again));
}

}  // namespace
}  // namespace litebench::model
