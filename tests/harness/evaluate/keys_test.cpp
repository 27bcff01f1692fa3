#include "harness/evaluate/keys.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace litebench::evaluate {
namespace {

constexpr std::string_view kConfig = R"(
[model]
glamm = "tests/golden/tiny/glamm"
clip = "tests/golden/tiny/clip"
[data]
root = "tests/golden/tiny/data/Refer_Segm"
[[sweep]]
method = "none"
)";

Parts family_with(const std::string& latency) {
  return family_parts(
      config::parse_config(
          kConfig, "test.toml",
          {.assignments = {"passes.latency=" + latency}, .output = {}, .limit = {}}),
      "cpu");
}

TEST(Keys, TimesWithAndWithoutTheReferencesDeadWorkAreOfTwoFamilies) {
  const Parts untimed = family_with("false"), lean = family_with("{ compute = \"lean\" }"),
              upstream = family_with("{ compute = \"upstream\" }");
  EXPECT_EQ(lean, untimed);  // runs from before there was a choice go on
  EXPECT_NE(upstream, lean);
  EXPECT_NE(std::find(upstream.begin(), upstream.end(), Parts::value_type{"compute", "upstream"}),
            upstream.end());
}

TEST(Keys, TimesFromCudaGraphsAreAFamilyOfTheirOwn) {
  const auto on_cuda = [](const std::string& latency) {
    const config::Overrides set{
        .assignments = {"passes.latency=" + latency}, .output = {}, .limit = {}};
    return family_parts(config::parse_config(kConfig, "test.toml", set), "cuda");
  };
  EXPECT_EQ(on_cuda("{ cuda_graph = false }"), on_cuda("false"));
  const Parts graphs = on_cuda("{ cuda_graph = true }");
  EXPECT_NE(std::find(graphs.begin(), graphs.end(), Parts::value_type{"CUDA graphs", "yes"}),
            graphs.end());
}

}  // namespace
}  // namespace litebench::evaluate
