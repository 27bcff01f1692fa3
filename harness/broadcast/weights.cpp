#include "harness/broadcast/weights.hpp"

#include <fmt/core.h>

#include "base/error.hpp"
#include "harness/broadcast/host_relay.hpp"
#include "harness/broadcast/load_through.hpp"
#include "harness/broadcast/nccl_relay.hpp"
#include "harness/evaluate/setup.hpp"
#include "harness/launch/group.hpp"
#include "harness/measure/cuda_module.hpp"

namespace litebench::broadcast {
namespace {

/// The CUDA half of a rank that computes on a GPU, if it was built with NCCL.
const cuda::Interface* nccl_of(const measure::Device& device) {
  if (!device.torch_device().is_cuda()) return nullptr;
  const cuda::Interface& module = measure::load_cuda_module(*measure::find_cuda_module());
  return module.nccl_open != nullptr ? &module : nullptr;
}

std::string plural(int count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

bool one_reader(const config::Config& config, int ranks) {
  return config.broadcast && ranks > 1 && !config.glamm.starts_with("random:");
}

Loaded load(const config::Config& config, const measure::Device& device,
            const launch::Session& session, const Tables& tables) {
  if (!one_reader(config, session.size())) {
    const bool made = config.glamm.starts_with("random:");
    return {evaluate::load_model(config, device),
            made ? "every rank made them" : "every rank read them"};
  }
  const launch::Group::Seconds patience(static_cast<double>(config.broadcast_seconds));
  const launch::Group all(session, patience);
  const cuda::Interface* nccl = nccl_of(device);
  const model::LoadOptions options = evaluate::load_options(config, device);
  if (all.smallest(nccl != nullptr ? 1 : 0) == 1) {
    NcclRelay relay(all, *nccl, device.torch_device(), patience);
    return {load_through(relay, config.glamm, config.clip, options, tables),
            fmt::format("rank 0 read them, NCCL carried them to {}", plural(all.size(), "GPU"))};
  }
  HostRelay relay(all);
  return {
      load_through(relay, config.glamm, config.clip, options, tables),
      fmt::format("rank 0 read them, MPI carried them to {}", plural(relay.nodes(), "machine"))};
}

}  // namespace litebench::broadcast
