// What is wrong with a checkpoint is said before anything runs.

#include <cstring>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "model/checkpoint/number_formats.hpp"
#include "model/weights/weights.hpp"
#include "tests/model/weights/test_files.hpp"

namespace litebench::model {
namespace {

using test::Editable, test::kClip, test::kGlamm;

std::string message_of(const std::string& glamm, const LoadOptions& options) {
  try {
    (void)load_model(glamm, kClip, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    return error.what();
  }
  return "";
}

std::string edited(DType dtype, at::ScalarType run, const std::function<void(Editable&)>& edit,
                   bool check_finite = true) {
  const test::TemporaryFolder folder;
  test::write_edited(kGlamm, folder.path(), dtype, edit);
  return message_of(folder.path(), {.dtype = run, .check_finite = check_finite});
}

constexpr const char* kVictim = "model.layers.1.mlp.up_proj.weight";

void overwrite(Editable& tensor, DType dtype, float value) {
  if (tensor.name != kVictim) return;
  auto* last = tensor.bytes.data() + tensor.bytes.size() - size_of(dtype);
  const auto narrow = float_to_bf16(value);
  if (dtype == DType::bf16) std::memcpy(last, &narrow, sizeof(narrow));
  if (dtype == DType::f32) std::memcpy(last, &value, sizeof(value));
}

TEST(DamagedWeights, NanAndInfinityAreFoundInEveryDtype) {
  for (const auto dtype : {DType::f32, DType::bf16})
    for (const auto run : {at::kFloat, at::kBFloat16})
      for (const float bad :
           {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
        const auto message =
            edited(dtype, run, [&](Editable& tensor) { overwrite(tensor, dtype, bad); });
        EXPECT_NE(message.find(std::string(kVictim) + " of "), std::string::npos) << message;
        EXPECT_NE(message.find("NaN or infinity"), std::string::npos) << message;
      }
}

TEST(DamagedWeights, AValueThatOverflowsTheRunsDtypeIsFound) {
  const auto largest = [](Editable& tensor) {
    overwrite(tensor, DType::f32, std::numeric_limits<float>::max());
  };
  EXPECT_EQ(edited(DType::f32, at::kFloat, largest), "");
  EXPECT_NE(edited(DType::f32, at::kBFloat16, largest).find("as BFloat16"), std::string::npos);
}

TEST(DamagedWeights, TheFiniteCheckIsOptional) {
  const auto nan = [](Editable& tensor) {
    overwrite(tensor, DType::f32, std::numeric_limits<float>::quiet_NaN());
  };
  EXPECT_EQ(edited(DType::f32, at::kFloat, nan, false), "");
}

TEST(DamagedWeights, MissingUnexpectedAndMisshapenTensorsAreNamed) {
  const auto message = edited(DType::f32, at::kFloat, [](Editable& tensor) {
    if (tensor.name == "model.norm.weight") tensor.name.clear();
    if (tensor.name == "model.mm_projector.0.bias") tensor.name = "model.mm_projector.7.bias";
    if (tensor.name == kVictim) std::swap(tensor.shape[0], tensor.shape[1]);
  });
  for (const auto* part :
       {"2 missing: model.mm_projector.0.bias, model.norm.weight",
        "1 misshapen: model.layers.1.mlp.up_proj.weight is [64, 176], not [176, 64]",
        "1 unexpected: model.mm_projector.7.bias"})
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

TEST(DamagedWeights, AMissingCheckpointIsAnIoErrorAndAWrongGeometryNameAUsageError) {
  const auto code_of = [](const char* name) {
    try {
      (void)load_model(name, kClip, {});
    } catch (const Error& error) {
      return error.code();
    }
    return ExitCode::complete;
  };
  EXPECT_EQ(code_of("tests/golden/nowhere"), ExitCode::io);
  EXPECT_EQ(code_of("random:glamm-8b"), ExitCode::usage);
}

}  // namespace
}  // namespace litebench::model
