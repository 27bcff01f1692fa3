#pragma once
// What every shard says about the run it belongs to, so that a number can be defended.

#include "harness/config/config.hpp"
#include "harness/evaluate/plan.hpp"
#include "harness/evaluate/start.hpp"
#include "harness/launch/session.hpp"
#include "harness/measure/device.hpp"
#include "shards/store/shard.hpp"

namespace litebench::evaluate {

/// Of a shard with the variants of `pack`; `whole`: the run's configuration with all of them.
store::Provenance provenance_of(const config::Config& whole, const config::Config& pack,
                                const Plan& plan, const StartInfo& start,
                                const launch::Session& session, const measure::DeviceInfo& device);

}  // namespace litebench::evaluate
