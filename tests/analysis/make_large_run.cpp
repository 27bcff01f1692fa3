// Writes a run as large as asked for, with numbers that behave like an evaluation's: images differ in difficulty, methods in quality, larger
// budgets are better, refcoco and refcoco+ share their images.
//
//   make_large_run FOLDER [IMAGES_PER_SPLIT [METHODS [MASK_BYTES]]] [--no-targets] [--shards N]
//
// Eight splits; `none` and METHODS methods at 192, 128 and 64 tokens, the first of them drawing with 3 seeds; 3 expressions per image;
// latency pass over up to 12 images of every split, 3 to 7 repeats, first runs in each process; one sample of refcoco/testB fails for one variant. --no-targets: every tenth expression refers to nothing.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "shards/store/cold_start.hpp"
#include "shards/store/shard.hpp"

namespace litebench {
namespace {

constexpr std::int16_t kTurns = 3, kRepeats = 3;
constexpr std::int64_t kLatencyImages = 12;

struct Options {
  std::filesystem::path folder;
  std::int64_t images = 40;
  int methods = 4;
  std::size_t mask_bytes = 100;
  bool no_targets = false;
  std::int64_t shards = 2;
};

struct Arm {
  std::string method, id;
  std::int64_t tokens = 576;
  std::int16_t seeds = 1;
  double quality = 1.2;  // mean IoU is about Φ(quality)
};

std::vector<Arm> arms_of(int methods) {
  const std::vector<std::string> names{"random",    "litelvlm",  "uniform", "fastv",
                                       "visionzip", "vispruner", "trim",    "prumerge"};
  std::vector<Arm> arms{{"none", "none", 576, 1, 1.2}};
  for (int m = 0; m < methods; ++m) {
    const std::string name = names[static_cast<std::size_t>(m) % names.size()];
    const std::string option = m < 8 ? "" : "[variant=" + std::to_string(m / 8) + "]";
    for (const std::int64_t tokens : {192, 128, 64}) {
      const double quality =
          0.2 + 0.12 * (m % 4) + 0.25 * std::log2(static_cast<double>(tokens) / 64);
      arms.push_back({name, name + "@" + std::to_string(tokens) + option, tokens,
                      static_cast<std::int16_t>(m == 0 ? 3 : 1), quality});
    }
  }
  return arms;
}

class Maker {
 public:
  explicit Maker(Options options) : o_(std::move(options)), arms_(arms_of(o_.methods)) {}

  void write() {
    std::filesystem::create_directories(o_.folder / "shards");
    for (int rank = 0; rank < o_.shards; ++rank) {
      store::ShardWriter writer(
          o_.folder / "shards" / ("20260101T000000Z-host-1-0-r" + std::to_string(rank) + ".h5"),
          provenance(rank));
      if (rank == 0) writer.plan(plan());
      for (std::int16_t split = 0; split < 8; ++split) {
        for (std::int64_t i = rank; i < o_.images; i += o_.shards) {
          store::Bundle accuracy = accuracy_bundle(split, i);
          writer.commit(accuracy);
          if (i >= kLatencyImages) continue;
          store::Bundle latency = latency_bundle(split, i);
          writer.commit(latency);
        }
      }
      writer.close();
    }
  }

 private:
  store::Provenance provenance(int rank) const {
    store::Provenance p;
    p.attempt = "20260101T000000Z-host-1-0";
    p.rank = rank;
    p.ranks = static_cast<int>(o_.shards);
    p.family = "fa";
    p.pack = "pa";
    p.plan = "1a";
    p.config = "[tables]\nbaseline = \"none\"\n";
    p.datasets = {"refcoco", "refcoco+", "refcocog"};
    p.splits = {"refcoco/val",    "refcoco/testA",  "refcoco/testB", "refcoco+/val",
                "refcoco+/testA", "refcoco+/testB", "refcocog/val",  "refcocog/test"};
    for (const Arm& arm : arms_) {
      p.variants.push_back(arm.id);
      p.variant_json.push_back("{\"method\":\"" + arm.method + "\"}");
    }
    p.protocol_json = {R"({"eps":"upstream"})"};
    p.environment = {{"host", "host"}, {"model load seconds", rank == 0 ? "2.5" : "3.75"}};
    return p;
  }

  static std::int16_t dataset_of(std::int16_t split) {
    return split < 6 ? static_cast<std::int16_t>(split / 3) : 2;
  }

  /// refcoco and refcoco+ have the same images.
  [[nodiscard]] std::int64_t image_id(std::int16_t split, std::int64_t i) const {
    const std::int64_t group = split < 3 ? split : split < 6 ? split - 3 : split - 3;
    return 1000 + group * 1'000'000 + i;
  }
  static std::uint64_t sample_id(std::int16_t split, std::int64_t i) {
    return static_cast<std::uint64_t>(split + 1) * 10'000'000 + static_cast<std::uint64_t>(i);
  }
  static std::uint64_t bundle_id(std::int16_t split, std::int64_t i, store::Pass pass) {
    return sample_id(split, i) * 2 + static_cast<std::uint64_t>(pass);
  }

  [[nodiscard]] std::vector<store::PlannedBundle> plan() const {
    std::int32_t units = 0;
    for (const Arm& arm : arms_) units += arm.seeds;
    std::vector<store::PlannedBundle> all;
    for (std::int16_t split = 0; split < 8; ++split) {
      for (std::int64_t i = 0; i < o_.images; ++i) {
        all.push_back({bundle_id(split, i, store::Pass::accuracy), store::Pass::accuracy,
                       dataset_of(split), split, 0, image_id(split, i), 1, kTurns, units});
        if (i >= kLatencyImages) continue;
        all.push_back({bundle_id(split, i, store::Pass::latency), store::Pass::latency,
                       dataset_of(split), split, 0, image_id(split, i), 1, kTurns,
                       static_cast<std::int32_t>(arms_.size()) * kRepeats});
      }
    }
    return all;
  }

  store::Bundle begin(std::int16_t split, std::int64_t i, store::Pass pass,
                      std::mt19937_64& random) const {
    store::Bundle bundle;
    bundle.commit.bundle_id = bundle_id(split, i, pass);
    bundle.commit.pass = pass;
    bundle.commit.dataset = dataset_of(split);
    bundle.commit.split = split;
    bundle.commit.image_id = image_id(split, i);
    bundle.commit.begin_ns = 1'000'000'000'000 + (split * o_.images + i) / 2 * 1'000'000'000;
    bundle.commit.duration_ns = 400'000'000 + static_cast<std::int64_t>(random() % 500'000'000);
    bundle.images.push_back(
        {image_id(split, i), 480, 640, dataset_of(split),
         bundle.put("COCO_train2014_" + std::to_string(image_id(split, i)) + ".jpg")});
    bundle.samples.push_back(
        {sample_id(split, i), dataset_of(split), split, 0, 17, image_id(split, i), 0, kTurns, 90});
    const std::vector<std::string> texts{"man on the left",
                                         "right",
                                         "red",
                                         "the woman holding a green umbrella near the two dogs",
                                         "zebra behind the tree",
                                         "left woman's bag"};
    for (std::int8_t turn = 0; turn < kTurns; ++turn) {
      const std::int64_t ann = image_id(split, i) * 10 + turn;
      bundle.sentences.push_back({sample_id(split, i),
                                  turn,
                                  ann,
                                  ann + 1,
                                  ann,
                                  static_cast<std::int64_t>(1 + random() % 9),
                                  0,
                                  0,
                                  {1, 2, 3, 4},
                                  bundle.put(texts[random() % texts.size()]),
                                  bundle.put("0000")});
    }
    return bundle;
  }

  store::UnitRow unit(std::int16_t split, std::int64_t i, std::size_t v, store::Pass pass) const {
    store::UnitRow row{};
    row.sample_id = sample_id(split, i);
    row.variant = static_cast<std::int16_t>(v);
    row.pass = pass;
    row.kept = row.kept_last = static_cast<std::int16_t>(arms_[v].tokens);
    row.llm_tokens = row.kept + 90;
    row.layer_mean_tokens = row.kept;
    row.stage_ns.fill(-1);
    row.total_ns = row.peak_bytes_llm = row.peak_bytes_total = row.kv_bytes = row.energy_mj = -1;
    row.clock_mhz = row.temperature = row.throttled = -1;
    return row;
  }

  store::Bundle accuracy_bundle(std::int16_t split, std::int64_t i) {
    std::mt19937_64 random(bundle_id(split, i, store::Pass::accuracy));
    std::normal_distribution<double> normal;
    std::uniform_real_distribution<double> uniform;
    store::Bundle bundle = begin(split, i, store::Pass::accuracy, random);
    const double difficulty = 0.8 * normal(random);
    std::vector<std::int64_t> targets, doubled;
    for (int turn = 0; turn < kTurns; ++turn) {
      const bool nothing = o_.no_targets && (i + turn) % 10 == 0;
      targets.push_back(
          nothing ? 0 : 100 + static_cast<std::int64_t>(std::exp(9 + 1.2 * normal(random))));
      doubled.push_back(random() % 7 == 0 ? targets.back() / 20 : 0);
    }
    const std::string mask(o_.mask_bytes, 'm');
    for (std::size_t v = 0; v < arms_.size(); ++v) {
      for (std::int16_t seed = 0; seed < arms_[v].seeds; ++seed) {
        store::UnitRow row = unit(split, i, v, store::Pass::accuracy);
        row.seed = seed;
        const bool fails = split == 2 && i == 3 && v == 1 && seed == 0;
        if (fails) {
          row.status = store::Status::failed_sample;
          row.error = bundle.put("not | a * picture_");
        }
        bundle.units.push_back(row);
        if (fails) continue;
        const double quality = arms_[v].quality + difficulty + 0.4 * normal(random);
        for (std::int8_t turn = 0; turn < kTurns; ++turn) {
          const auto target = targets[static_cast<std::size_t>(turn)];
          const double iou = 0.5 * std::erfc(-(quality + 0.5 * normal(random)) / std::sqrt(2.0));
          store::ExpressionRow e{};
          e.sample_id = row.sample_id;
          e.variant = row.variant;
          e.seed = seed;
          e.turn = turn;
          e.target_area = target;
          e.overlap_area = doubled[static_cast<std::size_t>(turn)];
          e.overlap_hit = static_cast<std::int64_t>(static_cast<double>(e.overlap_area) * iou);
          e.intersection = static_cast<std::int64_t>(static_cast<double>(target) * iou);
          e.predicted_area =
              e.intersection + e.overlap_hit +
              static_cast<std::int64_t>(static_cast<double>(target) * (1 - iou) * uniform(random));
          if (target == 0) e.predicted_area = uniform(random) < iou ? 0 : 500;
          e.union_ = e.predicted_area + e.target_area - e.intersection;
          e.mask_hash = random();
          e.mask = bundle.put(mask);
          bundle.expressions.push_back(e);
        }
        bundle.tokens.push_back(
            {row.sample_id, row.variant, seed, 0,
             bundle.put(std::string(static_cast<std::size_t>(2 * row.kept % 400), 'i'))});
      }
    }
    return bundle;
  }

  store::Bundle latency_bundle(std::int16_t split, std::int64_t i) const {
    std::mt19937_64 random(bundle_id(split, i, store::Pass::latency));
    std::normal_distribution<double> normal;
    store::Bundle bundle = begin(split, i, store::Pass::latency, random);
    const auto ns = [&](double milliseconds) {
      return static_cast<std::int64_t>(1e6 * milliseconds * std::exp(0.05 * normal(random)));
    };
    // As with a goal: how often is decided by the bundle. The slower images are repeated more.
    const double slow = std::exp(0.3 * normal(random));
    const std::int16_t repeats = slow < 1 ? kRepeats : kRepeats + 1 + static_cast<std::int16_t>(i % 4);
    // As if every process met a new length of prompt in its first pictures of two splits.
    const std::int16_t first = split < 2 && i < o_.shards ? store::kColdStart : 0;
    for (std::int16_t repeat = first; repeat < repeats; ++repeat) {
      for (std::size_t v = 0; v < arms_.size(); ++v) {
        store::UnitRow row = unit(split, i, v, store::Pass::latency);
        const bool cold = store::is_cold_start(repeat);
        if (cold) row.order = static_cast<std::int16_t>(static_cast<std::size_t>(split) * arms_.size() + v);
        row.repeat = repeat;
        std::array<std::int64_t, store::kStages> ns_of;
        ns_of.fill(-1);
        // The device of one variant tells the energy of all but one unit, so that its mean is unknown; all others tell it.
        row.energy_mj = v == 1 && split == 0 && i == 1 && repeat == 0 ? -1 : 40'000 + 100 * i + 7 * static_cast<std::int64_t>(v);
        row.throttled = v == 2 && i == 2 ? 4 : 0;
        const auto set = [&](store::Stage stage, std::int64_t value) {
          ns_of[static_cast<std::size_t>(stage)] = value;
        };
        set(store::Stage::prefill, ns(slow * 0.4 * (90 + static_cast<double>(arms_[v].tokens))));
        set(store::Stage::select, v == 0 ? 0 : ns(2.0 + 3.0 * static_cast<double>(v % 3)));
        set(store::Stage::clip, ns(20));
        set(store::Stage::sam, ns(cold ? 500 : 120));
        row.stage_ns = ns_of;
        row.total_ns = 0;
        for (const std::int64_t part : ns_of) row.total_ns += part > 0 ? part : 0;
        row.peak_bytes_llm = 1'000'000'000 + 2'000'000 * arms_[v].tokens;
        row.peak_bytes_total = row.peak_bytes_llm + 3'000'000'000;
        row.flops_total = 1e9 * static_cast<double>(arms_[v].tokens + 90);
        bundle.units.push_back(row);
      }
    }
    return bundle;
  }

  Options o_;
  std::vector<Arm> arms_;
};

}  // namespace
}  // namespace litebench

int main(int argc, char** argv) {
  litebench::Options options;
  std::vector<std::string> words;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--no-targets") {
      options.no_targets = true;
    } else if (std::string(argv[i]) == "--shards" && i + 1 < argc) {
      options.shards = std::max<std::int64_t>(1, std::atoll(argv[++i]));
    } else {
      words.emplace_back(argv[i]);
    }
  }
  if (words.empty()) return 64;
  options.folder = words[0];
  if (words.size() > 1) options.images = std::atoll(words[1].c_str());
  if (words.size() > 2) options.methods = std::atoi(words[2].c_str());
  if (words.size() > 3) options.mask_bytes = static_cast<std::size_t>(std::atoll(words[3].c_str()));
  litebench::Maker(options).write();
}
