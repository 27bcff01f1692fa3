// Writes the synthetic run into a folder, for tests in other languages:
//   make_run FOLDER [--without-image-30 | --only-image-30] [--attempt ID] [--pack KEY] [--second-variant ID] [--dtype NAME]
//            [--protocol JSON] [--images N] [--lose PIXELS] [--flip PIXELS] [--slower PERCENT]
// --pack makes other bundles of the same images; --images makes N images of refcoco/val; random@64 hits so many pixels less in
// every image (--lose), or less in one image and more in the next (--flip); all units take longer (--slower).

#include <map>
#include <string>

#include "tests/analysis/synthetic_run.hpp"

namespace {

using namespace litebench;

std::vector<synthetic::Image> images_of(std::int64_t count) {
  std::vector<synthetic::Image> images;
  for (std::int64_t i = 0; i < count; ++i) images.push_back({0, 100 + i * 37 % 400, 1});
  return images;
}

void change(store::Bundle& bundle, std::int64_t lose, std::int64_t flip, std::int64_t slower) {
  for (store::ExpressionRow& row : bundle.expressions) {
    if (row.variant != 1) continue;
    const std::int64_t moved = lose + (bundle.commit.image_id % 2 == 0 ? flip : -flip);
    row.intersection -= moved;
    row.mask_hash += static_cast<std::uint64_t>(moved);
  }
  for (store::UnitRow& row : bundle.units) {
    if (row.total_ns > 0) row.total_ns += row.total_ns * slower / 100;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 64;
  std::map<std::string, std::string> options;
  for (int i = 2; i < argc; ++i) {
    const std::string name = argv[i];
    const bool flag = name.ends_with("image-30");
    options[name] = flag || i + 1 == argc ? "" : argv[++i];
  }
  const std::string attempt =
      options.contains("--attempt") ? options["--attempt"] : "20260101T000000-a-1";
  store::Provenance provenance = synthetic::provenance(attempt);
  std::uint64_t other_bundles = 0;
  if (options.contains("--pack")) {
    provenance.pack = options["--pack"];
    other_bundles = 1000;
  }
  if (options.contains("--second-variant")) {
    provenance.variants[1] = options["--second-variant"];
    provenance.variant_json[1] = "{}";
  }
  if (options.contains("--protocol")) provenance.protocol_json = {options["--protocol"]};
  if (options.contains("--dtype")) {
    provenance.family = "f-" + options["--dtype"];
    provenance.family_parts[0].second = options["--dtype"];
  }
  const std::filesystem::path shards = std::filesystem::path(argv[1]) / "shards";
  std::filesystem::create_directories(shards);
  store::ShardWriter writer(
      shards / (attempt.find("-a-") == std::string::npos ? attempt + "-r0.h5" : "a-r0.h5"),
      provenance);
  const auto number = [&](const char* name) {
    return options.contains(name) ? std::stoll(options[name]) : 0;
  };
  const std::vector<synthetic::Image> images =
      options.contains("--images") ? images_of(number("--images")) : synthetic::images();
  std::vector<store::PlannedBundle> plan = synthetic::plan(images, true);
  for (store::PlannedBundle& bundle : plan) bundle.bundle_id += other_bundles;
  writer.plan(plan);
  for (const synthetic::Image& image : images) {
    if (options.contains(image.id == 30 ? "--without-image-30" : "--only-image-30")) continue;
    store::Bundle accuracy = synthetic::accuracy_bundle(image);
    store::Bundle latency = synthetic::latency_bundle(image);
    for (store::Bundle* bundle : {&accuracy, &latency})
      change(*bundle, number("--lose"), number("--flip"), number("--slower"));
    accuracy.commit.bundle_id += other_bundles;
    latency.commit.bundle_id += other_bundles;
    writer.commit(accuracy);
    writer.commit(latency);
  }
  writer.close();
  return 0;
}
