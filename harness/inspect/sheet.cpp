#include "harness/inspect/sheet.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "harness/inspect/panels.hpp"

namespace litebench::inspect {
namespace {

constexpr std::int64_t kMargin = 14, kGap = 10, kLine = 22;
constexpr Colour kPaper{250, 250, 248}, kInk{24, 24, 28}, kFaint{110, 110, 118};

std::string count_of(const Column& column) {
  if (column.cut_in_decoder) return fmt::format("{:.1f} tokens a layer", column.layer_mean);
  std::int64_t merged = 0;
  for (const std::int64_t origin : column.plan->origins()) merged += origin < 0 ? 1 : 0;
  const std::string tokens = fmt::format("{} tokens", column.plan->size());
  return merged == 0 ? tokens : fmt::format("{}, {} merged", tokens, merged);
}

std::string iou_of(const evaluate::ScoredMask& mask) {
  if (!mask.finite) return "no finite mask";
  const auto& score = mask.score;
  if (score.union_ == 0) return "IoU 1 (both empty)";
  return fmt::format("IoU {:.3f}",
                     static_cast<double>(score.intersection) / static_cast<double>(score.union_));
}

/// Draws from top to bottom; columns have the frame's width.
class Painter {
 public:
  explicit Painter(const Sheet& sheet)
      : sheet_(sheet),
        frame_(sheet),
        pitch_(frame_.width() + kGap),
        scored_(std::any_of(sheet.columns.begin(), sheet.columns.end(),
                            [](const Column& column) { return !column.scores.empty(); })),
        canvas_(2 * kMargin + pitch_ * (1 + std::ssize(sheet.columns)) - kGap, height(), kPaper) {}

  Canvas paint() && {
    line(0, sheet_.title, kInk);
    next_line();
    line(0, "picture", kInk);
    for (std::size_t c = 0; c < sheet_.columns.size(); ++c)
      line(1 + c, sheet_.columns[c].title, kInk);
    next_line();
    tokens();
    if (scored_) scores();
    for (std::size_t e = 0; e < sheet_.expressions.size(); ++e) masks(e);
    legend();
    return std::move(canvas_);
  }

 private:
  [[nodiscard]] std::int64_t rows() const {
    return 1 + (scored_ ? 1 : 0) + std::ssize(sheet_.expressions);
  }
  [[nodiscard]] std::int64_t height() const {
    // title and names, per row a panel with a line above, per expression a line more, the legend
    return 2 * kMargin + 2 * kLine + rows() * (frame_.height() + kLine + kGap) +
           std::ssize(sheet_.expressions) * kLine + kLine;
  }
  [[nodiscard]] std::int64_t left(std::size_t column) const {
    return kMargin + static_cast<std::int64_t>(column) * pitch_;
  }
  void next_line() { top_ += kLine; }
  void next_row() { top_ += frame_.height() + kGap; }

  void line(std::size_t column, std::string_view words, Colour colour) {
    const bool whole = column == 0 && top_ == kMargin;  // the title
    const std::int64_t room = whole ? canvas_.width() - 2 * kMargin : frame_.width();
    canvas_.text(left(column), top_, shortened(plain(words), room), colour);
  }

  void problem(std::size_t column, std::string_view words) {
    canvas_.fill({left(column), top_, frame_.width(), frame_.height()}, {232, 230, 226});
    std::string rest = plain(words);
    const auto letters = static_cast<std::size_t>((frame_.width() - 16) / text_width("x"));
    for (std::int64_t y = top_ + 10; !rest.empty() && letters > 0; y += kLine) {
      canvas_.text(left(column) + 8, y, rest.substr(0, letters), {160, 30, 30});
      rest.erase(0, letters);
    }
  }

  void tokens() {
    line(0, fmt::format("{} x {} px", sheet_.picture.width, sheet_.picture.height), kFaint);
    for (std::size_t c = 0; c < sheet_.columns.size(); ++c) {
      if (sheet_.columns[c].plan) line(1 + c, count_of(sheet_.columns[c]), kFaint);
    }
    next_line();
    draw_picture(canvas_, left(0), top_, frame_);
    for (std::size_t c = 0; c < sheet_.columns.size(); ++c) {
      const Column& column = sheet_.columns[c];
      if (column.problem.empty()) {
        draw_tokens(canvas_, left(1 + c), top_, frame_, column);
      } else {
        problem(1 + c, column.problem);
      }
    }
    next_row();
  }

  void scores() {
    line(0, "scores", kFaint);
    for (std::size_t c = 0; c < sheet_.columns.size(); ++c) {
      const auto& scores = sheet_.columns[c].scores;
      if (scores.empty()) continue;
      const auto [least, most] = std::minmax_element(scores.begin(), scores.end());
      line(1 + c, fmt::format("{:.4g} to {:.4g}", *least, *most), kFaint);
    }
    next_line();
    scale_of_scores();
    for (std::size_t c = 0; c < sheet_.columns.size(); ++c) {
      const auto& scores = sheet_.columns[c].scores;
      if (!scores.empty()) draw_scores(canvas_, left(1 + c), top_, frame_, scores);
    }
    next_row();
  }

  void scale_of_scores() {
    const std::int64_t width = frame_.width() * 2 / 3;
    for (std::int64_t x = 0; x < width; ++x) {
      const double value = static_cast<double>(x) / static_cast<double>(width - 1);
      canvas_.fill({left(0) + x, top_ + 4, 1, 16}, heat(value));
    }
    canvas_.text(left(0), top_ + 28, "least", kFaint);
    canvas_.text(left(0) + width - text_width("greatest"), top_ + 28, "greatest", kFaint);
  }

  void masks(std::size_t expression) {
    canvas_.text(kMargin, top_,
                 shortened("\"" + plain(sheet_.expressions[expression]) + "\"",
                           canvas_.width() - 2 * kMargin),
                 kInk);
    next_line();
    line(0, "target", kFaint);
    for (std::size_t c = 0; c < sheet_.columns.size(); ++c) {
      if (expression < sheet_.columns[c].masks.size())
        line(1 + c, iou_of(sheet_.columns[c].masks[expression]), kFaint);
    }
    next_line();
    const auto& target = sheet_.targets[expression];
    draw_masks(canvas_, left(0), top_, frame_, target, nullptr);
    for (std::size_t c = 0; c < sheet_.columns.size(); ++c) {
      const auto& masks = sheet_.columns[c].masks;
      if (expression < masks.size() && masks[expression].finite)
        draw_masks(canvas_, left(1 + c), top_, frame_, target, &masks[expression].mask);
    }
    next_row();
  }

  void legend() {
    std::int64_t x = kMargin;
    for (const auto& [colour, words] :
         {std::pair(kHit, "right"), std::pair(kWrong, "predicted only"),
          std::pair(kMissed, "missed")}) {
      canvas_.fill({x, top_, text_height(), text_height()}, colour);
      canvas_.text(x + 20, top_, words, kFaint);
      x += 20 + text_width(words) + 16;
    }
  }

  const Sheet& sheet_;
  Frame frame_;
  std::int64_t pitch_;
  bool scored_;
  Canvas canvas_;
  std::int64_t top_ = kMargin;
};

}  // namespace

Canvas draw(const Sheet& sheet) { return Painter(sheet).paint(); }

}  // namespace litebench::inspect
