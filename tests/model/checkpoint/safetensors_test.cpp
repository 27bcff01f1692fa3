#include "model/checkpoint/safetensors.hpp"

#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace litebench::model {
namespace {

std::string file_of(std::string header, std::size_t data_bytes) {
  std::uint64_t length = header.size();
  std::string file(sizeof(length), '\0');
  std::memcpy(file.data(), &length, sizeof(length));
  return file + header + std::string(data_bytes, 'x');
}

std::vector<TensorInfo> parse(const std::string& file) {
  return parse_safetensors(std::as_bytes(std::span(file)), "model.safetensors");
}

void expect_refused(const std::string& file, const std::string& reason) {
  try {
    parse(file);
    ADD_FAILURE() << "accepted, wanted: " << reason;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("model.safetensors"), std::string::npos);
  }
}

TEST(Safetensors, GivesSortedViewsIntoTheFile) {
  const auto file = file_of(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
      R"("a":{"dtype":"BF16","shape":[3,1],"data_offsets":[8,14]}})",
      14);
  const auto tensors = parse(file);
  ASSERT_EQ(tensors.size(), 2U);
  EXPECT_EQ(tensors[0].name, "a");
  EXPECT_EQ(tensors[0].dtype, DType::bf16);
  EXPECT_EQ(tensors[0].strides, (std::vector<std::int64_t>{1, 1}));
  EXPECT_EQ(static_cast<const void*>(tensors[1].bytes.data()), file.data() + file.size() - 14);
  EXPECT_EQ(tensors[1].bytes.size(), 8U);
}

TEST(Safetensors, RefusesWhatDoesNotAddUp) {
  const auto one = [](const std::string& dtype, const std::string& shape,
                      const std::string& offsets) {
    return file_of(R"({"t":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
                       offsets + "}}",
                   8);
  };
  EXPECT_EQ(parse(one("F32", "[2]", "[0,8]")).size(), 1U);
  expect_refused("short", "no header length");
  expect_refused(file_of("{}", 0).substr(0, 9), "truncated: header of 2 bytes");
  expect_refused(std::string(8, '\xff'), "a header of 18446744073709551615 bytes");
  expect_refused(file_of("[]", 0), "no JSON object");
  expect_refused(file_of("{", 0), "model.safetensors");
  expect_refused(one("F32", "[3]", "[0,12]"), "ends at byte 12 of 8");
  expect_refused(one("F32", "[2]", "[8,0]"), "malformed offsets");
  expect_refused(one("F32", "[2]", "[-8,0]"), "malformed offsets");
  expect_refused(one("F32", "[2]", "[0]"), "malformed offsets");
  expect_refused(one("F32", "[1]", "[0,8]"), "of shape [1] and dtype F32 has 8 bytes");
  expect_refused(one("F99", "[1]", "[0,4]"), "unknown dtype 'F99'");
  expect_refused(one("F32", "[-2]", "[0,8]"), "impossible shape");
  expect_refused(one("F32", "[4294967296,4294967296]", "[0,0]"), "impossible shape");
  expect_refused(one("F32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,2]", "[0,8]"), "impossible shape");
  expect_refused(one("F32", "\"2\"", "[0,8]"), "model.safetensors");
  expect_refused(file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                         R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                         4),
                 "a and b overlap");
  expect_refused(file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                         R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                         2),
                 "a is given twice");
  expect_refused(file_of(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", 2), "dtype");
}

}  // namespace
}  // namespace litebench::model
