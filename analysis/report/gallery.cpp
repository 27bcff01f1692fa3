#include "analysis/report/gallery.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>

#include <fmt/core.h>

#include "analysis/report/html.hpp"
#include "analysis/report/overlay.hpp"
#include "base/error.hpp"
#include "base/mapped_file.hpp"
#include "shards/refer/refer.hpp"

namespace litebench::analysis::report {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

double iou_of(const results::Expression& e) {
  return e.union_ == 0 ? 1.0 : static_cast<double>(e.intersection) / static_cast<double>(e.union_);
}

class Gallery {
 public:
  Gallery(const Run& run, const std::filesystem::path& data_root)
      : run_(run), data_root_(data_root) {
    for (const results::Image& image : run_.images)
      images_.emplace(std::pair(image.dataset, image.image_id), &image);
    for (const results::Sentence& sentence : run_.sentences)
      sentences_.emplace(std::pair(sentence.sample_id, sentence.turn), &sentence);
  }

  std::string html(const std::string& baseline_id) {
    const auto baseline = std::ranges::find(run_.variants, baseline_id, &Variant::id);
    if (baseline == run_.variants.end())
      return nothing(fmt::format("The run has no baseline {}.", baseline_id));
    const std::vector<Scene> scenes =
        choose_scenes(run_, static_cast<std::int16_t>(baseline - run_.variants.begin()));
    find_tokens(scenes);
    std::string cards;
    for (const Scene& scene : scenes) cards += card(scene);
    if (cards.empty()) return nothing("No variant answers differently from the baseline.");
    return header(scenes) + element("div", "class=\"cards\"", cards) +
           element("svg", "class=\"pictures\" aria-hidden=\"true\" width=\"0\" height=\"0\"",
                   "<defs>" + pictures_ + "</defs>");
  }

 private:
  /// What the units of the scenes kept.
  void find_tokens(const std::vector<Scene>& scenes) {
    std::unordered_set<std::uint64_t> samples;
    for (const Scene& scene : scenes) samples.insert(run_.expressions[scene.expression].sample_id);
    for (const results::Tokens& tokens : run_.tokens) {  // by layer, so that the last layer's stays
      const results::Unit& unit = run_.units[at(tokens.unit)];
      if (samples.contains(unit.sample_id))
        tokens_[{unit.sample_id, unit.variant, unit.seed}] = tokens.bytes;
    }
  }

  static std::string nothing(const std::string& why) { return element("p", "", escaped(why)); }

  [[nodiscard]] std::string_view payload(const results::Slice& slice) const {
    return {reinterpret_cast<const char*>(run_.bytes.data()) + slice.offset, slice.length};
  }

  std::string header(const std::vector<Scene>& scenes) const {
    std::set<std::int16_t> variants;
    for (const Scene& scene : scenes) variants.insert(run_.expressions[scene.expression].variant);
    std::string options = "<option value=\"\">all variants</option>";
    for (const std::int16_t v : variants) {
      const std::string id = escaped(run_.variants[at(v)].id);
      options += fmt::format("<option value=\"{0}\">{0}</option>", id);
    }
    std::string out =
        "<form class=\"filter\"><label>Variant <select id=\"by-variant\">" + options +
        "</select></label> <label>Show <select id=\"by-kind\"><option value=\"\">gains and "
        "losses</option><option value=\"gain\">gains</option><option value=\"loss\">losses</option>"
        "</select></label> <output id=\"shown\" aria-live=\"polite\"></output></form>";
    out +=
        "<p class=\"legend\"><span class=\"key hit\"></span>hit <span class=\"key missed\"></span>"
        "missed <span class=\"key wrong\"></span>wrongly marked <span class=\"key dropped\"></span>"
        "token pruned away <span class=\"key unseen\"></span>outside of what CLIP sees</p>";
    if (missing_ > 0) {
      out += element(
          "p", "class=\"note\"",
          fmt::format("{} pictures were not found under {}; their masks stand on grey. "
                      "<code>litebench-reduce report RUN --data ROOT</code> names another "
                      "folder.",
                      missing_,
                      data_root_.empty() ? "any data folder" : escaped(data_root_.string())));
    }
    return out;
  }

  /// Defines the picture once; "" when it cannot be read.
  std::string picture(const results::Image& image, const std::string& id) {
    if (const auto known = pictured_.find(id); known != pictured_.end()) return known->second;
    std::string& use = pictured_[id];
    if (!data_root_.empty()) {
      try {
        refer::Image named;
        named.file_name = payload(image.file_name);
        const MappedFile file(refer::image_path(data_root_, named));
        pictures_ += fmt::format(
            "<image id=\"{}\" width=\"{}\" height=\"{}\" "
            "preserveAspectRatio=\"none\" href=\"data:image/jpeg;base64,{}\"/>",
            id, image.width, image.height, base64(file.bytes()));
        use = fmt::format("<use href=\"#{}\"/>", id);
        return use;
      } catch (const Error&) {
        // The masks are worth showing all the same.
      }
    }
    ++missing_;
    use = fmt::format("<rect class=\"no-picture\" width=\"{}\" height=\"{}\"/>", image.width,
                      image.height);
    return use;
  }

  [[nodiscard]] std::optional<kernels::Rle> mask(const results::Slice& slice,
                                                 const results::Image& image) const {
    return kernels::rle_from_string(payload(slice), image.height, image.width);
  }

  std::string panel(const results::Image& image, const std::string& content,
                    const std::string& caption, const std::string& label) const {
    return element("figure", "",
                   fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>"
                               "<figcaption>{}</figcaption>",
                               image.width, image.height, escaped(label), content, caption));
  }

  static std::string path(std::string_view kind, const std::string& d) {
    return d.empty() ? "" : fmt::format("<path class=\"{}\" d=\"{}\"/>", kind, d);
  }

  std::string answer_panel(const results::Image& image, const std::string& background,
                           const results::Expression& e, const kernels::Rle& truth,
                           double iou) const {
    const auto predicted = mask(e.bytes, image);
    if (!predicted) return "";
    std::string content = background;
    std::string kept;
    if (const auto tokens = tokens_.find({e.sample_id, e.variant, e.seed});
        tokens != tokens_.end()) {
      const std::string_view bytes = payload(tokens->second);
      std::vector<std::int16_t> indices(bytes.size() / 2);
      std::copy_n(bytes.begin(), indices.size() * 2, reinterpret_cast<char*>(indices.data()));
      const Patches cells = patches(indices, image.height, image.width);
      content += path("unseen", cells.unseen) + path("dropped", cells.dropped);
      kept = fmt::format(", {} tokens", indices.size());
    }
    const Agreement parts = agreement(*predicted, truth);
    content += path("hit", parts.hit) + path("missed", parts.missed) + path("wrong", parts.wrong);
    const std::string& id = run_.variants[at(e.variant)].id;
    return panel(image, content, fmt::format("{}: IoU {:.1f}", escaped(id), 100 * iou),
                 fmt::format("{}: IoU {:.1f} percent{}", id, 100 * iou, kept));
  }

  std::string card(const Scene& scene) {
    const results::Expression& own = run_.expressions[scene.expression];
    const results::Expression& other = run_.expressions[scene.baseline];
    const auto image = images_.find({own.dataset, own.image_id});
    const auto sentence = sentences_.find({own.sample_id, own.turn});
    if (image == images_.end() || sentence == sentences_.end()) return "";
    const auto truth = mask(sentence->second->target, *image->second);
    if (!truth) return "";
    const results::Image& frame = *image->second;
    const std::string background =
        picture(frame, fmt::format("picture-{}-{}", int{own.dataset}, own.image_id));
    const std::string text(payload(sentence->second->text));
    std::string panels = panel(frame, background + path("truth", mask_path(*truth)), "target",
                               "the target of: " + text);
    panels += answer_panel(frame, background, other, *truth, scene.baseline_iou);
    panels += answer_panel(frame, background, own, *truth, scene.iou);
    const std::string& id = run_.variants[at(own.variant)].id;
    const std::string head = fmt::format(
        "<h3>“{}”</h3><p><span class=\"change {}\">{:+.1f}</span> {} · {} · image {}</p>",
        escaped(text), scene.change() > 0 ? "gain" : "loss", 100 * scene.change(), escaped(id),
        escaped(run_.splits[at(own.split)]), own.image_id);
    return element("article",
                   fmt::format("class=\"card\" data-variant=\"{}\" data-kind=\"{}\"", escaped(id),
                               scene.change() > 0 ? "gain" : "loss"),
                   head + element("div", "class=\"panels\"", panels));
  }

  const Run& run_;
  const std::filesystem::path& data_root_;  // "": not known
  std::map<std::pair<std::int8_t, std::int64_t>, const results::Image*> images_;
  std::map<std::pair<std::uint64_t, std::int8_t>, const results::Sentence*> sentences_;
  std::map<std::tuple<std::uint64_t, std::int16_t, std::int16_t>, results::Slice> tokens_;
  std::map<std::string, std::string> pictured_;  // id -> what shows it
  std::string pictures_;
  std::int64_t missing_ = 0;
};

/// The largest gains or losses of images that are not among `seen`, which then holds them. Equal ones: gains by rising,
/// losses by falling row.
std::vector<Scene> extremes(const Run& run, std::vector<Scene>& scenes, bool gain,
                            std::size_t count, std::set<std::int64_t>& seen) {
  const auto before = [gain](const Scene& a, const Scene& b) {
    const auto key = [](const Scene& s) { return std::pair(-s.change(), s.expression); };
    return gain ? key(a) < key(b) : key(b) < key(a);
  };
  // A few are nearly always enough, and sorting all would take longer than most tables.
  constexpr std::size_t kFew = 32;
  std::vector<Scene> found;
  std::size_t sorted = 0;
  for (std::size_t i = 0; i < scenes.size() && found.size() < count; ++i) {
    if (i == sorted) {
      sorted = sorted == 0 ? std::min(kFew, scenes.size()) : scenes.size();
      const auto begin = scenes.begin() + static_cast<std::ptrdiff_t>(i);
      std::partial_sort(begin, scenes.begin() + static_cast<std::ptrdiff_t>(sorted), scenes.end(),
                        before);
    }
    if ((scenes[i].change() > 0) != gain) break;
    if (seen.insert(run.expressions[scenes[i].expression].image_id).second)
      found.push_back(scenes[i]);
  }
  return found;
}

}  // namespace

std::vector<Scene> choose_scenes(const Run& run, std::int16_t baseline, const Choice& choice) {
  std::map<std::pair<std::uint64_t, std::int8_t>, std::size_t> answers;  // of the baseline
  for (std::size_t i = 0; i < run.expressions.size(); ++i) {
    const results::Expression& e = run.expressions[i];
    if (e.variant == baseline && e.seed == 0 && e.status == store::Status::ok)
      answers.emplace(std::pair(e.sample_id, e.turn), i);
  }
  std::map<std::int16_t, std::vector<Scene>> by_variant;
  for (std::size_t i = 0; i < run.expressions.size(); ++i) {
    const results::Expression& e = run.expressions[i];
    if (e.variant == baseline || e.seed != 0 || e.status != store::Status::ok) continue;
    const auto other = answers.find({e.sample_id, e.turn});
    if (other == answers.end()) continue;
    const Scene scene{i, other->second, iou_of(e), iou_of(run.expressions[other->second])};
    if (scene.change() != 0) by_variant[e.variant].push_back(scene);
  }
  std::vector<Scene> chosen;
  for (auto& [variant, scenes] : by_variant) {
    std::set<std::int64_t> seen;
    for (const bool gain : {true, false}) {
      for (const Scene& scene : extremes(run, scenes, gain, choice.per_variant, seen)) {
        if (chosen.size() < choice.most) chosen.push_back(scene);
      }
    }
  }
  return chosen;
}

std::string gallery(const Run& run, const std::string& baseline,
                    const std::filesystem::path& data_root) {
  const std::filesystem::path root =
      data_root.empty() ? std::filesystem::path(environment_of(run, "data.root")) : data_root;
  return Gallery(run, root).html(baseline);
}

}  // namespace litebench::analysis::report
