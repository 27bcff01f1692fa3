#include "analysis/score/score.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "analysis/predictions/predictions.hpp"
#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/mapped_file.hpp"
#include "kernels/maskscore/maskscore.hpp"
#include "kernels/rle/rle.hpp"
#include "shards/refer/refer.hpp"
#include "shards/unit/keys.hpp"

namespace litebench::analysis {
namespace {

constexpr const char* kProtocols[] = {
    R"({"profile":"score","eps":"upstream","gt":"sum","sampling":"exhaustive"})",
    R"({"profile":"score-strict","eps":"none","gt":"union","sampling":"exhaustive"})"};

using Masks = std::unordered_map<std::int64_t, std::optional<kernels::Rle>>;

std::string variant_name(const std::filesystem::path& file) {
  std::string name = file.stem().string();
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '+';
    if (!plain) c = '_';
  }
  return name;
}

std::string data_set_of(const std::vector<std::string>& splits) {
  std::string name;
  for (const std::string& split : splits) {
    const std::size_t slash = split.find('/');
    if (slash == std::string::npos) {
      throw Error(ExitCode::usage, fmt::format("cannot score \"{}\"", split),
                  "a split is named DATASET/SPLIT", "for example refcoco/val");
    }
    const std::string own = split.substr(0, slash);
    if (!name.empty() && own != name) {
      throw Error(ExitCode::usage, fmt::format("cannot score {} and {} together", name, own),
                  "their sent_ids mean different sentences", "score one data set at a time");
    }
    name = own;
  }
  if (name.empty())
    throw Error(ExitCode::usage, "cannot score", "no split is named", "add --split refcoco/val");
  return name;
}

class Scorer {
 public:
  explicit Scorer(const ScoreInput& input)
      : in_(input), dataset_(refer::load_dataset(input.data_root, data_set_of(input.splits))) {}

  Run score() {
    run_.datasets = {dataset_.name};
    run_.splits = in_.splits;
    run_.protocols = {std::begin(kProtocols), std::end(kProtocols)};
    for (const std::filesystem::path& file : in_.predictions) add_variant(file);
    for (std::size_t split = 0; split < in_.splits.size(); ++split) list_split(split);
    check_all_are_there();
    sort_places();
    for (auto begin = places_.begin(); begin != places_.end();) {
      const auto end = std::find_if(
          begin, places_.end(), [&](const Place& place) { return place.split != begin->split; });
      for (std::int16_t protocol = 0; protocol < std::ssize(kProtocols); ++protocol) {
        for (auto place = begin; place != end; ++place) add_sample(*place, protocol);
      }
      begin = end;
    }
    return std::move(run_);
  }

 private:
  struct Place {
    std::size_t split = 0;
    std::int64_t image_id = 0;
    std::int32_t ordinal = 0;  ///< among the image's expressions
    std::int32_t order = 0;    ///< in the split
    refer::ExpressionIndex where;
  };

  results::Slice keep(std::string_view text) {
    const results::Slice slice{run_.bytes.size(), static_cast<std::uint32_t>(text.size())};
    const auto bytes = std::as_bytes(std::span(text));
    run_.bytes.insert(run_.bytes.end(), bytes.begin(), bytes.end());
    return slice;
  }

  void add_variant(const std::filesystem::path& file) {
    const std::string name = variant_name(file);
    if (std::ranges::find(run_.variants, name, &Variant::id) != run_.variants.end()) {
      throw Error(ExitCode::usage, fmt::format("two prediction files are called {}", name),
                  "a file's name is its name in the tables", "rename one of them");
    }
    run_.variants.push_back({name, name, "{}", 0, "exact", "native", "native"});
    Process process;
    process.attempt = "score";
    process.file = file.filename().string();
    process.family = "score";
    process.clean_end = true;
    const MappedFile content(file);
    process.valid_bytes = process.total_bytes = content.bytes().size();
    process.environment = {{"predictions", file.filename().string()},
                           {"XXH3-64", fmt::format("{:016x}", hash64(content.bytes()))},
                           {"data.root", in_.data_root.string()}};
    run_.processes.push_back(std::move(process));
    Masks masks;
    for (Prediction& prediction : load_predictions(file))
      masks.emplace(prediction.sent_id, std::move(prediction.mask));
    check_known(masks, file);
    masks_.push_back(std::move(masks));
  }

  void check_known(const Masks& masks, const std::filesystem::path& file) {
    if (all_sentences_.empty()) {
      for (const refer::Ref& ref : dataset_.refs) {
        for (const refer::Sentence& sentence : ref.sentences)
          all_sentences_.insert(sentence.sent_id);
      }
    }
    std::vector<std::int64_t> unknown;
    for (const auto& [sent_id, mask] : masks) {
      if (!all_sentences_.contains(sent_id)) unknown.push_back(sent_id);
    }
    if (unknown.empty()) return;
    std::sort(unknown.begin(), unknown.end());
    const std::size_t count = unknown.size();
    unknown.resize(std::min<std::size_t>(count, 5));
    throw Error(ExitCode::data, fmt::format("cannot score {}", file.string()),
                fmt::format("{} of its sent_ids are not in {}: {}{}", count, dataset_.name,
                            fmt::join(unknown, ", "), count > 5 ? ", …" : ""),
                "is it of another data set?");
  }

  void list_split(std::size_t split) {
    const std::string name = in_.splits[split].substr(in_.splits[split].find('/') + 1);
    std::int32_t order = 0;
    for (const refer::SplitImage& image :
         refer::images_of_split(dataset_, name, refer::ImageOrder::sorted)) {
      std::int32_t ordinal = 0;
      for (const refer::ExpressionIndex& where : image.expressions)
        places_.push_back({split, image.image_id, ordinal++, order++, where});
      add_image(image.image_id);
      run_.plan.push_back({static_cast<std::uint64_t>(run_.plan.size()), store::Pass::accuracy,
                           static_cast<std::int16_t>(split), 0, image.image_id, 0, true});
    }
  }

  void add_image(std::int64_t id) {
    if (!imaged_.insert(id).second) return;
    const refer::Image& image = dataset_.images.at(id);
    run_.images.push_back({0, id, image.height, image.width, keep(image.file_name)});
  }

  [[nodiscard]] const refer::Ref& ref_of(const Place& place) const {
    return dataset_.refs[static_cast<std::size_t>(place.where.ref)];
  }
  [[nodiscard]] const refer::Sentence& sentence_of(const Place& place) const {
    return ref_of(place).sentences[static_cast<std::size_t>(place.where.sentence)];
  }

  void check_all_are_there() {
    for (std::size_t v = 0; v < masks_.size(); ++v) {
      std::vector<std::int64_t> missing;
      for (const Place& place : places_) {
        const std::int64_t id = sentence_of(place).sent_id;
        if (!masks_[v].contains(id)) missing.push_back(id);
      }
      if (missing.empty()) continue;
      if (in_.missing == Missing::empty) {
        run_.notes.push_back(
            fmt::format("{}: {} expressions without a prediction count as empty masks",
                        run_.variants[v].id, missing.size()));
        continue;
      }
      const std::size_t count = missing.size();
      missing.resize(std::min<std::size_t>(count, 5));
      throw Error(ExitCode::data, fmt::format("cannot score {}", in_.predictions[v].string()),
                  fmt::format("{} of {} expressions have no prediction: sent_id {}{}", count,
                              places_.size(), fmt::join(missing, ", "), count > 5 ? ", …" : ""),
                  "add them, or count them as empty masks with --missing empty");
    }
  }

  /// Rows of a run are sorted by split, protocol, image and ordinal.
  void sort_places() {
    std::stable_sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) {
      return std::tuple(a.split, a.image_id, a.ordinal) <
             std::tuple(b.split, b.image_id, b.ordinal);
    });
    std::sort(
        run_.images.begin(), run_.images.end(),
        [](const results::Image& a, const results::Image& b) { return a.image_id < b.image_id; });
  }

  void add_sample(const Place& place, std::int16_t protocol) {
    const refer::Ref& ref = ref_of(place);
    const refer::Sentence& sentence = sentence_of(place);
    const refer::Image& image = dataset_.images.at(place.image_id);
    const auto kind = protocol == 0 ? refer::GroundTruth::sum : refer::GroundTruth::union_;
    const std::vector<std::uint8_t> target = refer::target_mask(dataset_, ref, kind);
    results::Sample sample{};
    sample.sample_id =
        unit::sample_id(dataset_.name, in_.splits[place.split],
                        {{"protocol", kProtocols[protocol]}}, 0, place.image_id, place.ordinal);
    sample.split = static_cast<std::int8_t>(place.split);
    sample.protocol = protocol;
    sample.image_id = place.image_id;
    sample.ordinal = place.ordinal;
    sample.order = place.order;
    sample.turns = 1;
    run_.samples.push_back(sample);
    results::Sentence spoken{};
    spoken.sample_id = sample.sample_id;
    spoken.ref_id = ref.ref_id;
    spoken.sent_id = sentence.sent_id;
    spoken.ann_id = ref.ann_ids.empty() ? -1 : ref.ann_ids.front();
    spoken.category_id = ref.category_ids.empty() ? -1 : ref.category_ids.front();
    spoken.template_index = spoken.answer_index = -1;
    if (const auto annotation = dataset_.annotations.find(spoken.ann_id);
        annotation != dataset_.annotations.end()) {
      for (std::size_t i = 0; i < 4; ++i)
        spoken.box[i] = static_cast<float>(annotation->second.box[i]);
    }
    spoken.text = keep(sentence.text);
    spoken.target =
        keep(kernels::rle_to_string(kernels::rle_encode(target.data(), image.height, image.width)));
    run_.sentences.push_back(spoken);
    for (std::size_t v = 0; v < masks_.size(); ++v) add_answer(sample, spoken, image, v, target);
  }

  void add_answer(const results::Sample& sample, const results::Sentence& spoken,
                  const refer::Image& image, std::size_t variant,
                  const std::vector<std::uint8_t>& target) {
    const auto found = masks_[variant].find(spoken.sent_id);
    kernels::Rle mask{image.height, image.width, {static_cast<std::uint32_t>(target.size())}};
    if (found != masks_[variant].end() && found->second) mask = *found->second;
    if (mask.height != image.height || mask.width != image.width) {
      throw Error(
          ExitCode::data, fmt::format("cannot score {}", in_.predictions[variant].string()),
          fmt::format("the mask of sent_id {} is {} x {}, image {} is {} x {} (height x width)",
                      spoken.sent_id, mask.height, mask.width, image.id, image.height, image.width),
          "masks have the size of the image in instances.json");
    }
    const std::vector<std::uint8_t> pixels = kernels::rle_decode(mask);
    const kernels::MaskScore score =
        kernels::score_mask(pixels.data(), target.data(), static_cast<std::int64_t>(pixels.size()));
    const std::string text = kernels::rle_to_string(mask);
    results::Expression e{};
    e.split = sample.split;
    e.protocol = sample.protocol;
    e.variant = static_cast<std::int16_t>(variant);
    e.sample_id = sample.sample_id;
    e.image_id = image.id;
    e.ref_id = spoken.ref_id;
    e.sent_id = spoken.sent_id;
    e.intersection = score.intersection;
    e.union_ = score.union_;
    e.predicted_area = score.predicted_area;
    e.target_area = score.target_area;
    e.overlap_area = score.overlap_area;
    e.overlap_hit = score.overlap_hit;
    e.mask_hash = hash64(text);
    e.bytes = keep(text);
    run_.expressions.push_back(e);
    run_.units.push_back(unit_of(sample, variant));
  }

  static results::Unit unit_of(const results::Sample& sample, std::size_t variant) {
    results::Unit unit{};
    unit.split = sample.split;
    unit.protocol = sample.protocol;
    unit.variant = static_cast<std::int16_t>(variant);
    unit.sample_id = sample.sample_id;
    unit.image_id = sample.image_id;
    unit.attempt = static_cast<std::int32_t>(variant);
    unit.kept = unit.kept_last = -1;
    unit.layer_mean_tokens = -1;
    unit.stage_ns.fill(-1);
    unit.total_ns = unit.peak_bytes_llm = unit.peak_bytes_total = unit.kv_bytes = unit.energy_mj =
        -1;
    unit.clock_mhz = unit.temperature = unit.throttled = -1;
    return unit;
  }

  const ScoreInput& in_;
  refer::Dataset dataset_;
  Run run_;
  std::vector<Masks> masks_;  // per variant
  std::vector<Place> places_;
  std::unordered_set<std::int64_t> all_sentences_, imaged_;
};

}  // namespace

Run score(const ScoreInput& input) { return Scorer(input).score(); }

}  // namespace litebench::analysis
