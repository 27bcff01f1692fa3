#include "harness/evaluate/provenance.hpp"

#include <fstream>

#include <ATen/Version.h>
#include <fmt/core.h>
#include <sys/utsname.h>
#include <nlohmann/json.hpp>

#include "analysis/metrics/cuda_graphs.hpp"
#include "base/version.hpp"
#include "model/checkpoint/remark.hpp"
#include "shards/unit/keys.hpp"

namespace litebench::evaluate {
namespace {

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string kernel() {
  utsname name{};
  return ::uname(&name) == 0 ? fmt::format("{} {}", name.sysname, name.release) : "unknown";
}

std::string variant_json(const config::SweptVariant& swept) {
  const unit::Variant& variant = swept.variant;
  const nlohmann::ordered_json json = {{"method", unit::method_spelling(variant)},
                                       {"content", variant.content},
                                       {"tokens", variant.tokens},
                                       {"mode", unit::name_of(variant.mode)},
                                       {"position", unit::name_of(variant.position)},
                                       {"order", unit::name_of(variant.order)},
                                       {"options", variant.options},
                                       {"seeds", swept.seeds},
                                       {"first_seed", swept.first_seed}};
  return json.dump();
}

std::string protocol_json(const protocol::Protocol& protocol) {
  nlohmann::ordered_json json = {{"profile", protocol.name}};
  for (const auto& [key, value] : protocol::options_of(protocol)) json[key] = value;
  return json.dump();
}

Parts environment_of(const config::Config& config, const launch::Session& session,
                     const measure::DeviceInfo& device) {
  const BuildInfo& build = build_info();
  Parts parts = {{"litebench", std::string(build.version)},
                 {"commit", std::string(build.commit)},
                 {"compiler", std::string(build.compiler)},
                 {"LibTorch", std::string(build.torch)},
                 {"MPI", std::string(build.mpi)},
                 {"HDF5", std::string(build.hdf5)},
                 {"host", session.host()},
                 {"kernel", kernel()},
                 {"CPU", cpu_model()},
                 {"CPU capability", at::get_cpu_capability()},
                 {"device", device.name},
                 {"device memory", std::to_string(device.total_bytes)},
                 {"driver", device.driver},
                 {"CUDA", device.runtime},
                 {"device state", device.untold},
                 {"threads", std::to_string(config.threads)},
                 {"data.root", config.root.string()},
                 {"tables.baseline", config.tables.baseline},
                 {"tables.reference", config.tables.reference},
                 {"attention", device.kind == "cpu" ? "scaled_dot_product_attention (flash, CPU)"
                                                    : "scaled_dot_product_attention"}};
  if (config.latency.enabled) parts.emplace_back("compute", name_of(config.latency.compute));
  if (config.latency.enabled && config.latency.cuda_graph)
    parts.emplace_back(analysis::kGraphStages, "clip, prefill, sam, mask");
  if (config.glamm.starts_with("random:")) return parts;
  if (const std::string remark = model::read_remark(config.glamm); !remark.empty())
    parts.emplace_back("remark", remark);
  return parts;
}

}  // namespace

store::Provenance provenance_of(const config::Config& whole, const config::Config& pack,
                                const Plan& plan, const StartInfo& start,
                                const launch::Session& session, const measure::DeviceInfo& device) {
  store::Provenance provenance;
  provenance.attempt = start.attempt;
  provenance.rank = session.rank();
  provenance.ranks = session.size();
  provenance.family = unit::key_of(start.family);
  provenance.pack_parts = pack_parts(pack);
  provenance.pack = unit::key_of(provenance.pack_parts);
  provenance.plan = unit::key_of(start.plan);
  provenance.family_parts = start.family;
  provenance.config = config::print_config(whole);
  for (const refer::Dataset& dataset : plan.datasets) provenance.datasets.push_back(dataset.name);
  provenance.splits = whole.splits;
  for (const config::SweptVariant& swept : pack.variants) {
    provenance.variants.push_back(unit::id_of(swept.variant));
    provenance.variant_json.push_back(variant_json(swept));
  }
  for (const protocol::Protocol& protocol : whole.protocols)
    provenance.protocol_json.push_back(protocol_json(protocol));
  provenance.environment = environment_of(whole, session, device);
  return provenance;
}

}  // namespace litebench::evaluate
