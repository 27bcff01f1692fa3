// Writes the synthetic run into a folder, for tests in other languages: make_run FOLDER
// [--without-image-30].

#include <iostream>
#include <string>

#include "tests/analysis/synthetic_run.hpp"

int main(int argc, char** argv) {
  using namespace litebench;
  if (argc < 2) return 64;
  const std::filesystem::path shards = std::filesystem::path(argv[1]) / "shards";
  const bool all = argc < 3 || std::string(argv[2]) != "--without-image-30";
  std::filesystem::create_directories(shards);
  store::ShardWriter writer(shards / "a-r0.h5", synthetic::provenance());
  writer.plan(synthetic::plan(true));
  for (const synthetic::Image& image : synthetic::images()) {
    if (image.id == 30 && !all) continue;
    store::Bundle accuracy = synthetic::accuracy_bundle(image);
    store::Bundle latency = synthetic::latency_bundle(image);
    writer.commit(accuracy);
    writer.commit(latency);
  }
  writer.close();
  return 0;
}
