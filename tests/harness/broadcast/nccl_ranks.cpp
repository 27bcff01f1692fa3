// Run by mpirun with 3 ranks: what ranks with GPUs say to each other while NCCL carries the weights. NCCL's functions are made
// up and carry host memory over MPI; nothing here ran on a GPU.

#include <cstring>
#include <string>

#include <mpi.h>

#include "harness/broadcast/load_through.hpp"
#include "harness/broadcast/nccl_relay.hpp"
#include "harness/launch/session.hpp"
#include "tests/harness/broadcast/ranks.hpp"

namespace {

using namespace litebench;
using test::Checks, test::equal, test::kClip, test::kGlamm, test::met;
using Seconds = launch::Group::Seconds;

constexpr std::uint8_t kMark = 42;
std::string failing;  // the table's functions are plain C
int open_communicators = 0;
int rank = 0, ranks = 0;

const cuda::Interface kMadeUp{
    .version = cuda::kInterfaceVersion,
    .last_error = [] { return "a rank is missing"; },
    .nccl_make_id =
        [](std::uint8_t* id) {
          std::memset(id, kMark, cuda::kNcclIdBytes);
          return failing == "id" ? 1 : 0;
        },
    .nccl_open =
        [](const std::uint8_t* id, int mine, int all, double, void** out) {
          const bool wrong =
              id[0] != kMark || id[cuda::kNcclIdBytes - 1] != kMark || mine != rank || all != ranks;
          if (wrong || (failing == "open" && rank == ranks - 1)) return 1;
          ++open_communicators;
          *out = &open_communicators;
          return 0;
        },
    .nccl_broadcast =
        [](void*, void* memory, std::size_t bytes, double) {
          return MPI_Bcast(memory, static_cast<int>(bytes), MPI_BYTE, 0, MPI_COMM_WORLD);
        },
    .nccl_close = [](void*) { --open_communicators; },
};

void weights_are_those_of_the_files(const launch::Group& all, const broadcast::Tables& tables,
                                    Checks& check) {
  for (const auto dtype : {at::kFloat, at::kBFloat16}) {
    const model::LoadedModel own = model::load_model(kGlamm, kClip, {.dtype = dtype});
    broadcast::NcclRelay relay(all, kMadeUp, at::kCPU, Seconds(30), 100'003);
    const model::LoadedModel got =
        broadcast::load_through(relay, kGlamm, kClip, {.dtype = dtype}, tables);
    check(equal(*own.glamm, *got.glamm, model::expected_glamm(own.geometry)), "GLaMM's weights");
    check(equal(*own.clip, *got.clip, model::expected_clip(own.geometry)), "CLIP's weights");
    check(open_communicators == 0, "the communicator lives no longer than the loading");
  }
}

void all_meet_what_one_meets(const launch::Group& all, Checks& check) {
  for (const std::string call : {"id", "open"}) {
    failing = call;
    const auto found = met([&] {
      broadcast::NcclRelay relay(all, kMadeUp, at::kCPU, Seconds(30));
      relay.begin(64);
    });
    check(found.first == 75 && found.second.find("a rank is missing") != std::string::npos,
          found.second);
    check(open_communicators == 0, "who had opened one has closed it");
  }
  failing.clear();
}

void all_meet_what_the_reader_meets(const launch::Group& all, Checks& check) {
  const auto found = met([&] {
    broadcast::NcclRelay relay(all, kMadeUp, at::kCPU, Seconds(30));
    relay.begin(512);
    const std::int64_t shape = 64;
    static_cast<void>(relay.room({&shape, 1}, at::kFloat));
    relay.pass();
    if (relay.reads())
      relay.fail(Error(ExitCode::data, "tensor b is damaged", "it holds NaN", "download it again"));
    static_cast<void>(relay.room({&shape, 1}, at::kFloat));
    relay.pass();
  });
  check(found.first == 65 && found.second.find("tensor b is damaged") == 0, found.second);
  check(open_communicators == 0, "and the communicator is closed");
}

}  // namespace

int main() {
  launch::Session session;
  rank = session.rank();
  ranks = session.size();
  Checks check(rank);
  const launch::Group all(session, Seconds(60));
  const broadcast::Tables tables = test::tables_from_rank_0(all);
  weights_are_those_of_the_files(all, tables, check);
  all_meet_what_one_meets(all, check);
  all_meet_what_the_reader_meets(all, check);
  return check.failures() == 0 ? 0 : 1;
}
