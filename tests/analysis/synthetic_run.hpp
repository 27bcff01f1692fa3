#pragma once
// Runs made by hand: two images of refcoco/val, one of refcoco/testA, variants none and random@64,
// written with the real shard writer.

#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

#include "shards/store/shard.hpp"

namespace litebench::synthetic {

/// A folder of its own that goes with the test.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / (name + "-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_ / "shards");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path shard(const std::string& name) const {
    return path_ / "shards" / (name + ".h5");
  }

 private:
  std::filesystem::path path_;
};

inline store::Provenance provenance(const std::string& attempt = "20260101T000000-a-1",
                                    int rank = 0) {
  store::Provenance p;
  p.attempt = attempt;
  p.rank = rank;
  p.ranks = 2;
  p.family = "fa";
  p.family_parts = {{"dtype", "fp32"}, {"threads", "1"}};
  p.pack = "pa";
  p.pack_parts = {{"rows_per_pack", "16"}};
  p.plan = "1a";
  p.config = "[model]\n";
  p.datasets = {"refcoco"};
  p.splits = {"refcoco/val", "refcoco/testA"};
  p.variants = {"none", "random@64"};
  p.variant_json = {R"({"method":"none"})", R"({"method":"random","tokens":64})"};
  p.protocol_json = {R"({"eps":"upstream"})"};
  p.environment = {{"torch", "2.7.0"}, {"host", "a"}};
  return p;
}

struct Image {
  std::int16_t split;
  std::int64_t id;
  std::int16_t turns;
};

/// In plan order, which is not the order of ids.
inline std::vector<Image> images() { return {{0, 20, 2}, {0, 10, 1}, {1, 30, 1}}; }

inline std::uint64_t bundle_id(const Image& image, store::Pass pass) {
  return static_cast<std::uint64_t>(image.id * 2 + static_cast<int>(pass));
}

inline std::vector<store::PlannedBundle> plan(const std::vector<Image>& images, bool latency) {
  std::vector<store::PlannedBundle> bundles;
  for (const store::Pass pass : {store::Pass::accuracy, store::Pass::latency}) {
    if (pass == store::Pass::latency && !latency) continue;
    for (const Image& image : images) {
      const std::int32_t repeats = pass == store::Pass::latency ? 2 : 1;
      bundles.push_back(
          {bundle_id(image, pass), pass, 0, image.split, 0, image.id, 1, image.turns, 2 * repeats});
    }
  }
  return bundles;
}

inline std::vector<store::PlannedBundle> plan(bool latency = false) {
  return plan(images(), latency);
}

/// What the synthetic model answers: intersection and union of a turn.
inline std::pair<std::int64_t, std::int64_t> answer(std::int64_t image, int variant, int turn) {
  return {image + 10 * turn - 5 * variant, 2 * image + 10 * turn};
}

inline void add_sample(store::Bundle& bundle, const Image& image) {
  const auto id = static_cast<std::uint64_t>(image.id) * 100;
  bundle.images.push_back(
      {image.id, 48, 64, 0, bundle.put("img_" + std::to_string(image.id) + ".jpg")});
  bundle.samples.push_back({id, 0, image.split, 0, 17, image.id, 0, image.turns, 90});
  for (std::int8_t turn = 0; turn < image.turns; ++turn) {
    bundle.sentences.push_back({id,
                                turn,
                                image.id + 1,
                                image.id + 2 + turn,
                                image.id + 3,
                                1,
                                4,
                                2,
                                {1, 2, 3, 4},
                                bundle.put("the left one"),
                                bundle.put("0000")});
  }
}

inline store::UnitRow unit(const Image& image, std::int16_t variant, store::Pass pass) {
  store::UnitRow row{};
  row.sample_id = static_cast<std::uint64_t>(image.id) * 100;
  row.variant = variant;
  row.pass = pass;
  row.kept = row.kept_last = variant == 0 ? 576 : 64;
  row.llm_tokens = row.kept + 90;
  row.layer_mean_tokens = row.kept;
  row.stage_ns.fill(-1);
  row.total_ns = row.peak_bytes_llm = row.peak_bytes_total = row.kv_bytes = row.energy_mj = -1;
  row.clock_mhz = row.temperature = row.throttled = -1;
  return row;
}

inline store::Bundle accuracy_bundle(const Image& image) {
  store::Bundle bundle;
  bundle.commit.bundle_id = bundle_id(image, store::Pass::accuracy);
  bundle.commit.pass = store::Pass::accuracy;
  bundle.commit.split = image.split;
  bundle.commit.image_id = image.id;
  add_sample(bundle, image);
  for (std::int16_t variant = 0; variant < 2; ++variant) {
    const store::UnitRow row = unit(image, variant, store::Pass::accuracy);
    bundle.units.push_back(row);
    for (std::int8_t turn = 0; turn < image.turns; ++turn) {
      const auto [hit, all] = answer(image.id, variant, turn);
      store::ExpressionRow e{};
      e.sample_id = row.sample_id;
      e.variant = variant;
      e.turn = turn;
      e.intersection = hit;
      e.union_ = all;
      e.predicted_area = hit;
      e.target_area = all;
      e.mask_hash = static_cast<std::uint64_t>(hit * 1000 + all);
      e.mask = bundle.put("rle" + std::to_string(hit));
      bundle.expressions.push_back(e);
    }
    bundle.tokens.push_back({row.sample_id, variant, 0, 0, bundle.put(std::string(2, 'i'))});
  }
  return bundle;
}

/// Two repeats; `none` takes 300 and 500 ns per image id, random@64 half of it.
inline store::Bundle latency_bundle(const Image& image) {
  store::Bundle bundle;
  bundle.commit.bundle_id = bundle_id(image, store::Pass::latency);
  bundle.commit.pass = store::Pass::latency;
  bundle.commit.split = image.split;
  bundle.commit.image_id = image.id;
  add_sample(bundle, image);
  for (std::int16_t repeat = 0; repeat < 2; ++repeat) {
    for (std::int16_t variant = 0; variant < 2; ++variant) {
      store::UnitRow row = unit(image, variant, store::Pass::latency);
      row.repeat = repeat;
      row.total_ns = (300 + 200 * repeat) * image.id / (variant + 1);
      row.stage_ns[static_cast<std::size_t>(store::Stage::prefill)] =
          row.total_ns / (1 + 3 * variant);
      row.peak_bytes_total = 1000 - 250 * variant;
      bundle.units.push_back(row);
    }
  }
  return bundle;
}

/// A run without flaws: one process, everything done.
inline void write_complete_run(const Folder& folder, bool latency = false) {
  store::ShardWriter writer(folder.shard("a-r0"), provenance());
  writer.plan(plan(latency));
  for (const Image& image : images()) {
    store::Bundle bundle = accuracy_bundle(image);
    writer.commit(bundle);
    if (!latency) continue;
    store::Bundle timed = latency_bundle(image);
    writer.commit(timed);
  }
  writer.close();
}

}  // namespace litebench::synthetic
