// Writes a shard for the h5py test: write_sample_shard FILE BUNDLES

#include <cstdlib>

#include "tests/shards/store/sample_shard.hpp"

int main(int argc, char** argv) {
  using namespace litebench::store;
  if (argc != 3) return 64;
  ShardWriter writer(argv[1], sample::provenance());
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    Bundle bundle = sample::bundle(static_cast<std::uint64_t>(i));
    writer.commit(bundle);
  }
  if (std::getenv("LEAVE_OPEN") != nullptr) _Exit(0);   // as if killed
  writer.close();
}
