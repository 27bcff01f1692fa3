#include "harness/inspect/dump.hpp"

#include <array>
#include <map>

#include <c10/core/InferenceMode.h>
#include <fmt/core.h>

#include "harness/evaluate/sequences.hpp"
#include "harness/inspect/workbench.hpp"
#include "model/prune/outside/inputs.hpp"
#include "shards/store/h5.hpp"

namespace litebench::inspect {
namespace {

namespace h5 = store::h5;
using prune::Input;

/// fp32 holds every value of bf16, which HDF5 has no type for.
void write(h5::Group& group, std::string_view name, const at::Tensor& tensor) {
  const at::Tensor host = tensor.to(at::kCPU, at::kFloat).contiguous();
  const std::vector<std::int64_t> shape(host.sizes().begin(), host.sizes().end());
  group.write(name, h5::Scalar::f32, shape,
              {static_cast<const std::byte*>(host.const_data_ptr()),
               static_cast<std::size_t>(host.nbytes())});
}

class Dump {
 public:
  Dump(const Workbench& bench, const std::string& path)
      : bench_(bench), file_(h5::File::create(path)) {
    file_.set("format", "litebench dump");
    file_.set("schema", std::int64_t{1});
    file_.set("dtype", config::name_of(bench.config().dtype));
    file_.set("glamm", bench.config().glamm);
    file_.set("clip", bench.config().clip);
    for (const auto& [key, value] : protocol::options_of(bench.protocol()))
      file_.set("protocol." + key, value);
    for (std::size_t i = 0; i < prune::kInputNames.size(); ++i)
      prune::request(static_cast<Input>(i), bench.glamm().geometry(), taps_);
  }

  void add(const evaluate::BundlePlan& bundle) {
    const evaluate::PreparedImage prepared = bench_.prepare(bundle);
    const model::Glamm& glamm = bench_.glamm();
    const model::VisionFeatures features = glamm.clip_features(
        glamm.upload(prepared.pixels.clip, glamm.geometry().vision.image), taps_.vision);
    const at::Tensor projected = glamm.project_patches(features);
    h5::Group image =
        split(bench_.split_of(bundle).name).create_group(std::to_string(prepared.image.id));
    image.set("image_id", prepared.image.id);
    image.set("file_name", prepared.image.file_name);
    image.set("height", std::int64_t{prepared.image.height});
    image.set("width", std::int64_t{prepared.image.width});
    add_inputs(image, features, projected);
    h5::Group samples = image.create_group("samples");
    for (const evaluate::PreparedSample& sample : prepared.samples) {
      if (sample.error.empty()) {
        h5::Group group = samples.create_group(std::to_string(sample.sample.ordinal));
        add_sample(group, prepared.image, sample, bundle);
      } else {
        fmt::print(stderr, "litebench: image {} sample {} is left out: {}\n", prepared.image.id,
                   sample.sample.ordinal, sample.error);
      }
    }
  }

  void close() {
    splits_.clear();
    datasets_.clear();
    file_.close();
  }

 private:
  /// /refcoco/val
  h5::Group& split(const std::string& name) {
    if (const auto known = splits_.find(name); known != splits_.end()) return known->second;
    const std::string dataset = name.substr(0, name.find('/'));
    if (!datasets_.contains(dataset)) datasets_.emplace(dataset, file_.create_group(dataset));
    return splits_
        .emplace(name, datasets_.at(dataset).create_group(name.substr(dataset.size() + 1)))
        .first->second;
  }

  /// Everything but the text, which belongs to a sample.
  void add_inputs(h5::Group& image, const model::VisionFeatures& features,
                  const at::Tensor& projected) const {
    const prune::VisionView view{features, bench_.glamm().geometry(), {}, {}, projected, nullptr};
    for (std::size_t i = 0; i < prune::kInputNames.size(); ++i) {
      const auto input = static_cast<Input>(i);
      if (input != Input::text) write(image, prune::kInputNames[i], prune::get(input, view, {}));
    }
  }

  void add_sample(h5::Group& group, const refer::Image& image,
                  const evaluate::PreparedSample& sample,
                  const evaluate::BundlePlan& bundle) const {
    const bool question = bench_.protocol().sim_text == protocol::SimText::question;
    const evaluate::SampleTexts texts =
        evaluate::embed_texts(bench_.glamm(), sample, question, !question);
    write(group, "text", question ? texts.question : texts.expression);
    const std::int64_t one[] = {1};
    group.write("sample_id", h5::Scalar::u64, one, std::as_bytes(std::span(&sample.sample.id, 1)));
    std::vector<std::int64_t> sent_ids, ref_ids;
    std::vector<std::string> expressions, questions;
    for (const protocol::Turn& turn : sample.sample.turns) {
      sent_ids.push_back(turn.sent_id);
      ref_ids.push_back(turn.ref_id);
      expressions.push_back(turn.expression);
      questions.push_back(turn.question);
    }
    group.write("sent_id", sent_ids);
    group.write("ref_id", ref_ids);
    group.write("expression", std::span<const std::string>(expressions));
    group.write("question", std::span<const std::string>(questions));
    add_targets(group, image, sample, bundle);
  }

  void add_targets(h5::Group& group, const refer::Image& image,
                   const evaluate::PreparedSample& sample,
                   const evaluate::BundlePlan& bundle) const {
    const refer::Dataset& dataset =
        bench_.plan().datasets[static_cast<std::size_t>(bundle.row.dataset)];
    std::vector<float> boxes;
    std::vector<std::uint8_t> masks;
    for (std::size_t t = 0; t < sample.targets.size(); ++t) {
      const refer::Ref& ref =
          dataset.refs[static_cast<std::size_t>(sample.sample.turns[t].where.ref)];
      const auto found = ref.ann_ids.empty() ? dataset.annotations.end()
                                             : dataset.annotations.find(ref.ann_ids.front());
      for (std::size_t i = 0; i < 4; ++i) {
        boxes.push_back(
            found == dataset.annotations.end() ? 0.0F : static_cast<float>(found->second.box[i]));
      }
      masks.insert(masks.end(), sample.targets[t]->mask.begin(), sample.targets[t]->mask.end());
    }
    const std::int64_t texts = std::ssize(sample.targets);
    const std::array<std::int64_t, 2> box_shape{texts, 4};
    const std::array<std::int64_t, 3> mask_shape{texts, image.height, image.width};
    group.write("box", h5::Scalar::f32, box_shape, std::as_bytes(std::span(boxes)));
    group.write("mask", h5::Scalar::u8, mask_shape, std::as_bytes(std::span(masks)));
  }

  const Workbench& bench_;
  h5::File file_;
  std::map<std::string, h5::Group> datasets_, splits_;
  prune::TapRequest taps_;
};

}  // namespace

int dump(const cli::InspectOptions& options) {
  const Workbench bench(options);
  const c10::InferenceMode guard;
  Dump file(bench, options.output);
  for (const evaluate::BundlePlan& bundle : bench.bundles()) file.add(bundle);
  file.close();
  fmt::print("{} images of {} in {}\n", bench.bundles().size(), bench.config().glamm,
             options.output);
  return 0;
}

}  // namespace litebench::inspect
