#pragma once
// What every program that computes needs before it can: configuration, device, sizes, prompts, weights.

#include <memory>
#include <string>

#include "harness/config/config.hpp"
#include "harness/evaluate/prompts.hpp"
#include "harness/measure/device.hpp"
#include "model/geometry.hpp"
#include "model/weights/weights.hpp"

namespace litebench::evaluate {

/// load_config() with the contents of methods' files (outside.hpp).
config::Config read_config(const std::string& path, const config::Overrides& overrides);

/// `local_rank`: which of the machine's GPUs, where there are some.
std::unique_ptr<measure::Device> open_device(const config::Config& config, int local_rank);

model::Geometry geometry_of(const config::Config& config);
/// The same where this process does not open the checkpoints.
model::Geometry geometry_of(const config::Config& config, const model::TensorSource& glamm,
                            const model::TensorSource& clip);

std::unique_ptr<Prompts> make_prompts(const config::Config& config,
                                      const model::Geometry& geometry);

model::LoadOptions load_options(const config::Config& config, const measure::Device& device);
model::LoadedModel load_model(const config::Config& config, const measure::Device& device);

}  // namespace litebench::evaluate
