// Run by mpirun with 2 or 4 ranks: weights that rank 0 reads alone are those that every rank would have read, what it
// meets is met by all, and nobody waits for a silent rank for ever.

#include <chrono>
#include <cstdlib>
#include <string>

#include "harness/broadcast/host_relay.hpp"
#include "harness/broadcast/load_through.hpp"
#include "harness/launch/session.hpp"
#include "tests/harness/broadcast/ranks.hpp"

namespace {

using namespace litebench;
using test::Checks, test::equal, test::kClip, test::kGlamm, test::met;
using Seconds = launch::Group::Seconds;

void weights_are_those_of_the_files(const launch::Group& all, Checks& check) {
  const broadcast::Tables tables = test::tables_from_rank_0(all);
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const model::LoadedModel own = model::load_model(kGlamm, kClip, {.dtype = dtype});
    for (const int ranks_per_node : {0, 1, 2}) {
      setenv("LITEBENCH_RANKS_PER_NODE", std::to_string(ranks_per_node).c_str(), 1);
      // Pieces that no tensor is a multiple of.
      broadcast::HostRelay relay(all, ranks_per_node == 1 ? 1'000 : 1'000'003);
      const int nodes =
          ranks_per_node == 0 ? 1 : (all.size() + ranks_per_node - 1) / ranks_per_node;
      check(relay.nodes() == nodes, "as many machines as were made up");
      const model::LoadedModel got =
          broadcast::load_through(relay, kGlamm, kClip, {.dtype = dtype}, tables);
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

/// Receivers wait for the first word of a reader that has none.
void all_meet_a_file_that_is_gone(const launch::Group& all, Checks& check) {
  const broadcast::Tables tables = test::tables_from_rank_0(all);
  const auto found = met([&] {
    broadcast::HostRelay relay(all);
    const char* glamm = all.rank() == 0 ? "tests/golden/nowhere" : kGlamm;
    static_cast<void>(broadcast::load_through(relay, glamm, kClip, {}, tables));
  });
  check(found.first == 74 && found.second.find("tests/golden/nowhere") != std::string::npos,
        found.second);
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
    all_meet_a_file_that_is_gone(all, check);
    all_meet_what_one_machine_meets(all, check);
  }
  silence_ends(session, check);
  return check.failures() == 0 ? 0 : 1;
}
