#pragma once
// What every shard says about the run it belongs to, so that a number can be defended.

#include "harness/config/config.hpp"
#include "harness/evaluate/plan.hpp"
#include "harness/evaluate/start.hpp"
#include "harness/launch/session.hpp"
#include "harness/measure/device.hpp"
#include "shards/store/shard.hpp"

namespace litebench::evaluate {

store::Provenance provenance_of(const config::Config& config, const Plan& plan,
                                const StartInfo& start, const launch::Session& session,
                                const measure::DeviceInfo& device);

}  // namespace litebench::evaluate
