#include "harness/evaluate/setup.hpp"

#include "harness/evaluate/outside.hpp"
#include "harness/measure/cuda_module.hpp"
#include "model/checkpoint/config.hpp"

namespace litebench::evaluate {
namespace {

bool random_weights(const config::Config& config) { return config.glamm.starts_with("random:"); }

}  // namespace

config::Config read_config(const std::string& path, const config::Overrides& overrides) {
  config::Config config = config::load_config(path, overrides);
  read_contents(config);
  return config;
}

std::unique_ptr<measure::Device> open_device(const config::Config& config, int local_rank) {
  using config::DeviceChoice;
  // A GPU that fails, or too few of them, must not turn some ranks into CPU ranks: no fallback.
  const bool cpu =
      config.device == DeviceChoice::cpu ||
      (config.device == DeviceChoice::automatic && measure::cuda_availability().devices == 0);
  return cpu ? measure::open_cpu_device() : measure::open_cuda_device(local_rank);
}

model::Geometry geometry_of(const config::Config& config) {
  if (random_weights(config)) return model::named_geometry(config.glamm.substr(7));
  const auto glamm = model::open_checkpoint(config.glamm);
  const auto clip = model::open_checkpoint(config.clip);
  return geometry_of(config, *glamm, *clip);
}

model::Geometry geometry_of(const config::Config& config, const model::TensorSource& glamm,
                            const model::TensorSource& clip) {
  return model::read_geometry(config.glamm, config.clip, glamm, clip);
}

std::unique_ptr<Prompts> make_prompts(const config::Config& config,
                                      const model::Geometry& geometry) {
  if (random_weights(config)) return made_up_prompts(geometry, config.prompt_tokens);
  return tokenized_prompts(config.glamm, config.clip, geometry);
}

model::LoadOptions load_options(const config::Config& config, const measure::Device& device) {
  model::LoadOptions options;
  options.dtype = config.dtype == config::DTypeChoice::fp32 ? at::kFloat : at::kBFloat16;
  options.device = device.torch_device();
  options.compute = config::compute_of(config);
  return options;
}

model::LoadedModel load_model(const config::Config& config, const measure::Device& device) {
  return model::load_model(config.glamm, config.clip, load_options(config, device));
}

}  // namespace litebench::evaluate
