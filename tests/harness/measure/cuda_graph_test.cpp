// The order of calls into the CUDA half, which a table of functions made up here writes down.

#include "harness/measure/cuda_graph.hpp"

#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "base/error.hpp"
#include "harness/measure/cuda_module.hpp"
#include "harness/measure/device.hpp"

namespace litebench::measure {
namespace {

std::string calls, failing;

int call(const std::string& name) {
  calls += name + " ";
  return name == failing ? 1 : 0;
}

cuda::Interface table(const std::string& fails = "") {
  calls.clear();
  failing = fails;
  cuda::Interface made{};
  made.last_error = [] { return "the driver says no"; };
  made.graph_open = [](void** graph) {
    *graph = &calls;
    return call("open");
  };
  made.graph_begin = [](void*) { return call("begin"); };
  made.graph_end = [](void*) { return call("end"); };
  made.graph_replay = [](void*) { return call("replay"); };
  made.graph_close = [](void*) { call("close"); };
  return made;
}

TEST(CudaGraph, IsRecordedAfterOneCallOnItsOwnStreamAndReplayedUntilItIsClosed) {
  const cuda::Interface module = table();
  {
    const auto graph = CudaGraphRecorder(module).record([] { call("work"); });
    EXPECT_EQ(calls, "open work begin work end ");
    graph->replay();
    graph->replay();
  }
  EXPECT_EQ(calls, "open work begin work end replay replay close ");
}

/// The message of the GraphError of a recording; "" where there is none.
std::string problem_of(const cuda::Interface& module, const std::function<void()>& work) {
  try {
    static_cast<void>(CudaGraphRecorder(module).record(work));
    return "";
  } catch (const GraphError& error) {
    return error.what();
  }
}

TEST(CudaGraph, IsClosedWhereARecordingFailsAndItsReasonIsTold) {
  EXPECT_EQ(problem_of(table("begin"), [] { call("work"); }),
            "it does not begin: the driver says no");
  EXPECT_EQ(calls, "open work begin close ");
  EXPECT_EQ(problem_of(table("end"), [] { call("work"); }), "it does not end: the driver says no");
  EXPECT_EQ(calls, "open work begin work end close ");
  const auto waits = [] {
    if (calls.ends_with("begin ")) TORCH_CHECK(false, "operation not permitted");
  };
  EXPECT_EQ(problem_of(table(), waits), "operation not permitted");
  EXPECT_EQ(calls, "open begin close ");
}

TEST(CudaGraph, LeavesAFailureOfTheWorkItselfWhatItIs) {
  const cuda::Interface module = table();
  CudaGraphRecorder recorder(module);
  EXPECT_THROW(static_cast<void>(recorder.record([] { throw std::out_of_range("no such layer"); })),
               std::out_of_range);
  const auto full = [] {
    if (calls.ends_with("begin ")) throw c10::OutOfMemoryError(std::string("no room"));
  };
  EXPECT_THROW(static_cast<void>(recorder.record(full)), c10::OutOfMemoryError);
  EXPECT_EQ(calls, "open close open begin close ");
}

TEST(CudaGraph, ReportsADeviceThatFailsAsEveryOtherCallDoes) {
  const cuda::Interface unopened = table("open");
  EXPECT_THROW(static_cast<void>(CudaGraphRecorder(unopened).record([] {})), Error);
  EXPECT_EQ(calls, "open ");
  const cuda::Interface unreplayed = table("replay");
  const auto graph = CudaGraphRecorder(unreplayed).record([] {});
  EXPECT_THROW(graph->replay(), Error);
}

TEST(CudaGraph, DoesOnAGpuWhatWasRecordedThere) {
  if (const CudaAvailability available = cuda_availability(); available.devices == 0) {
    GTEST_SKIP() << available.reason;
  }
  const c10::InferenceMode guard;
  auto device = open_cuda_device(0);
  const auto values = at::TensorOptions(device->torch_device()).dtype(at::kFloat);
  const at::Tensor weight = at::eye(256, values).mul_(2), input = at::ones({3, 256}, values);
  at::Tensor output;
  const auto graph =
      device->make_graph_recorder()->record([&] { output = at::relu(at::matmul(input, weight)); });
  for (const double value : {5.0, -1.0, 7.0}) {
    input.fill_(value);
    graph->replay();
    EXPECT_TRUE(at::equal(output, at::full({3, 256}, value > 0 ? 2 * value : 0, values))) << value;
  }
}

}  // namespace
}  // namespace litebench::measure
