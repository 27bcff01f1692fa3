#pragma once
// How this run's weights come into its ranks: which rank reads, who gets them from it, what is said about it.

#include <string>

#include "harness/broadcast/tables.hpp"
#include "harness/config/config.hpp"
#include "harness/launch/session.hpp"
#include "harness/measure/device.hpp"
#include "model/weights/weights.hpp"

namespace litebench::broadcast {

/// Whether rank 0 reads for all: model.broadcast, more than one rank, and files to read.
bool one_reader(const config::Config& config, int ranks);

struct Loaded {
  model::LoadedModel model;
  std::string way;  ///< for provenance: "rank 0 read them, MPI carried them to 2 machines"
};

/// Collective with one_reader(). `tables`: of the checkpoints, for ranks other than 0; empty where every rank reads.
/// With GPUs NCCL carries where all ranks' builds have it; else one host copy per machine comes over MPI.
/// Errors: the reader's, on every rank; restart when a rank is silent for model.broadcast_seconds.
Loaded load(const config::Config& config, const measure::Device& device,
            const launch::Session& session, const Tables& tables);

}  // namespace litebench::broadcast
