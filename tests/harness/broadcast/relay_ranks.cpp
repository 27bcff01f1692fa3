// Run by mpirun with 2 or 4 ranks: weights that rank 0 reads alone are those that every rank would have read, what it
// meets is met by all, and nobody waits for a silent rank for ever.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <ATen/ops/equal.h>

#include "base/error.hpp"
#include "harness/broadcast/host_relay.hpp"
#include "harness/broadcast/tables.hpp"
#include "harness/launch/group.hpp"
#include "harness/launch/session.hpp"
#include "model/checkpoint/expected.hpp"
#include "model/weights/weights.hpp"

namespace {

using namespace litebench;
using Seconds = launch::Group::Seconds;

constexpr const char* kGlamm = "tests/golden/tiny/glamm";
constexpr const char* kClip = "tests/golden/tiny/clip";

/// Counts what is not as it should be and says so.
class Checks {
 public:
  explicit Checks(int rank) : rank_(rank) {}
  void operator()(bool right, const std::string& what) {
    if (right) return;
    ++failures_;
    std::fprintf(stderr, "FAILED on rank %d: %s\n", rank_, what.c_str());
  }
  [[nodiscard]] int failures() const { return failures_; }

 private:
  int rank_, failures_ = 0;
};

/// Code and sentence of what `work` throws.
std::pair<int, std::string> met(const std::function<void()>& work) {
  try {
    work();
    return {0, "nothing"};
  } catch (const Error& error) {
    return {static_cast<int>(error.code()), error.what()};
  }
}

broadcast::Tables tables_from_rank_0(const launch::Group& all) {
  std::string text;
  if (all.rank() == 0)
    text = broadcast::to_text(*model::open_checkpoint(kGlamm), *model::open_checkpoint(kClip));
  const broadcast::Tables tables = broadcast::from_text(all.broadcast(text));
  return all.rank() == 0 ? broadcast::Tables{} : tables;
}

model::LoadedModel load(broadcast::PiecewiseRelay& relay, const broadcast::Tables& tables,
                        at::ScalarType dtype) {
  model::LoadOptions options;
  options.dtype = dtype;
  options.relay = &relay;
  options.glamm_table = tables.glamm;
  options.clip_table = tables.clip;
  return model::load_model(kGlamm, kClip, options);
}

bool equal(const model::Weights& one, const model::Weights& other,
           const std::vector<model::TensorSpec>& specs) {
  int compared = 0;
  for (const model::TensorSpec& spec : specs) {
    if (one.contains(spec.name) != other.contains(spec.name)) return false;
    if (!one.contains(spec.name)) continue;
    ++compared;
    if (!at::equal(one.at(spec.name), other.at(spec.name))) return false;
  }
  return compared > 50;
}

void weights_are_those_of_the_files(const launch::Group& all, Checks& check) {
  const broadcast::Tables tables = tables_from_rank_0(all);
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const model::LoadedModel own = model::load_model(kGlamm, kClip, {.dtype = dtype});
    for (const int ranks_per_node : {0, 1, 2}) {
      setenv("LITEBENCH_RANKS_PER_NODE", std::to_string(ranks_per_node).c_str(), 1);
      // Pieces that no tensor is a multiple of.
      broadcast::HostRelay relay(all, ranks_per_node == 1 ? 1'000 : 1'000'003);
      const int nodes =
          ranks_per_node == 0 ? 1 : (all.size() + ranks_per_node - 1) / ranks_per_node;
      check(relay.nodes() == nodes, "as many machines as were made up");
      const model::LoadedModel got = load(relay, tables, dtype);
      check(equal(*own.glamm, *got.glamm, model::expected_glamm(own.geometry)), "GLaMM's weights");
      check(equal(*own.clip, *got.clip, model::expected_clip(own.geometry)), "CLIP's weights");
      check(got.glamm->dtype() == dtype, "in the run's dtype");
    }
  }
}

/// In rooms of 64 floats: one tensor, then the reader's files are at an end, with pieces on the way (100 bytes) and before
/// any was (a room fills none).
void all_meet_what_the_reader_meets(const launch::Group& all, Checks& check) {
  for (const std::uint64_t piece : {100, 1'000'000}) {
    const auto found = met([&] {
      broadcast::HostRelay relay(all, piece);
      relay.begin(512);
      const std::int64_t shape = 64;
      static_cast<void>(relay.room({&shape, 1}, at::kFloat));
      relay.pass();
      if (relay.reads())
        relay.fail(
            Error(ExitCode::data, "tensor b is damaged", "it holds NaN", "download it again"));
      static_cast<void>(relay.room({&shape, 1}, at::kFloat));
      relay.pass();
      relay.end();
    });
    check(found.first == 65, "the reader's exit code");
    check(found.second == "tensor b is damaged (it holds NaN) download it again", found.second);
  }
}

void all_meet_what_one_machine_meets(const launch::Group& all, Checks& check) {
  setenv("LITEBENCH_RANKS_PER_NODE", "1", 1);
  const auto found = met([&] {
    broadcast::HostRelay relay(all);
    relay.begin(std::uint64_t{1} << 62);  // more than any machine has
  });
  check(found.first == 74 && found.second.find("cannot share") == 0, found.second);
}

/// Last: afterwards nothing can be said in the group any more.
void silence_ends(const launch::Session& session, Checks& check) {
  setenv("LITEBENCH_RANKS_PER_NODE", "1", 1);
  const launch::Group all(session, Seconds(30));
  const launch::Group short_of_patience(session, Seconds(1));
  auto* relay = new broadcast::HostRelay(short_of_patience);  // what MPI may still write to stays
  if (session.rank() == session.size() - 1) {  // says nothing until the others have given up
    all.agree();
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto found = met([&] {
    relay->begin(1024);
    relay->end();
  });
  const Seconds waited = std::chrono::steady_clock::now() - begin;
  check(found.first == 75 && found.second.find("said nothing for 1 seconds") != std::string::npos,
        found.second);
  check(waited.count() > 0.9 && waited.count() < 15, "a second's patience");
  const auto again = met([&] { relay->end(); });
  const Seconds later = std::chrono::steady_clock::now() - begin;
  check(again.first == 75 && (later - waited).count() < 0.5, "which is not had twice");
  all.agree();
}

}  // namespace

int main() {
  launch::Session session;
  Checks check(session.rank());
  {
    const launch::Group all(session, Seconds(60));
    weights_are_those_of_the_files(all, check);
    all_meet_what_the_reader_meets(all, check);
    all_meet_what_one_machine_meets(all, check);
  }
  silence_ends(session, check);
  return check.failures() == 0 ? 0 : 1;
}
