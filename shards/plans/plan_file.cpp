#include "shards/plans/plan_file.hpp"

#include <algorithm>
#include <span>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/error.hpp"

namespace litebench::plans {
namespace {

namespace h5 = store::h5;

constexpr std::string_view kFormat = "litebench plans";
constexpr std::int64_t kSchema = 1;
constexpr std::uint64_t kMostEntries = std::uint64_t{1} << 28;  // of a table kept in memory: 2 GiB

[[noreturn]] void refuse(const std::string& where, const std::string& reason) {
  throw Error(ExitCode::data, fmt::format("cannot use the plans in {}", where), reason,
              "docs/outside-methods.md describes the file");
}

h5::DataSet table(const h5::Group& group, std::string_view name, const std::string& where) {
  if (!group.contains(name)) refuse(where, fmt::format("{} is missing", name));
  return group.dataset(name);
}

template <typename T>
std::vector<T> read_integers(const h5::Group& group, std::string_view name, h5::Scalar type,
                             const std::string& where) {
  const h5::DataSet data = table(group, name, where);
  if (data.kind() != h5::Kind::integer) refuse(where, fmt::format("{} holds no integers", name));
  if (data.size() > kMostEntries)
    refuse(where, fmt::format("{} has {} entries", name, data.size()));
  return data.read_all<T>(h5::RecordType::scalar(type));
}

std::vector<std::int64_t> read_integers(const h5::Group& group, std::string_view name,
                                        const std::string& where) {
  return read_integers<std::int64_t>(group, name, h5::Scalar::i64, where);
}

void check_length(std::uint64_t have, std::uint64_t want, std::string_view name,
                  const std::string& where) {
  if (have != want) refuse(where, fmt::format("{} has {} entries, not {}", name, have, want));
}

/// Offsets from 0 to `last`, one more than there are rows.
void check_offsets(const std::vector<std::int64_t>& ptr, std::uint64_t rows, std::uint64_t last,
                   std::string_view name, const std::string& where) {
  check_length(ptr.size(), rows + 1, name, where);
  if (ptr.front() != 0 || !std::is_sorted(ptr.begin(), ptr.end()) ||
      static_cast<std::uint64_t>(ptr.back()) != last) {
    refuse(where, fmt::format("{} does not rise from 0 to {}", name, last));
  }
}

template <typename T>
std::vector<T> slice(const h5::DataSet& data, h5::Scalar type, std::int64_t begin,
                     std::int64_t end) {
  std::vector<T> values(static_cast<std::size_t>(end - begin));
  data.read(h5::RecordType::scalar(type), static_cast<std::uint64_t>(begin),
            std::as_writable_bytes(std::span(values)));
  return values;
}

}  // namespace

PlanFile::PlanFile(const std::filesystem::path& path) : file_(h5::File::open(path)) {
  if (!file_.has("format") || file_.text("format") != kFormat) {
    refuse(path.string(), fmt::format("its attribute format is not \"{}\"", kFormat));
  }
  if (const std::int64_t schema = file_.integer("schema"); schema != kSchema) {
    refuse(path.string(),
           fmt::format("its schema is {}, this litebench reads {}", schema, kSchema));
  }
  for (const std::string& dataset : file_.names()) {
    const h5::Group group = file_.group(dataset);
    for (const std::string& split : group.names()) {
      const std::string name = fmt::format("{}/{}", dataset, split);
      splits_.emplace(name,
                      read_split(group.group(split), fmt::format("{}:/{}", path.string(), name)));
    }
  }
  if (splits_.empty()) refuse(path.string(), "it holds no split");
}

PlanFile::Split PlanFile::read_split(const h5::Group& group, const std::string& where) {
  Split split;
  const std::vector<std::int64_t> images = read_integers(group, "image_id", where);
  const std::size_t plans = images.size();
  split.sent_ptr = read_integers(group, "sent_ptr", where);
  split.sent_id = read_integers(group, "sent_id", where);
  check_offsets(split.sent_ptr, plans, split.sent_id.size(), "sent_ptr", where);
  split.tokens = read_integers(group, "tokens", where);
  check_length(split.tokens.size(), plans, "tokens", where);
  if (group.contains("sample_id")) {
    split.sample_id = read_integers<std::uint64_t>(group, "sample_id", h5::Scalar::u64, where);
    check_length(split.sample_id.size(), plans, "sample_id", where);
  }
  split.index = table(group, "index", where);
  if (split.index.kind() != h5::Kind::integer) refuse(where, "index holds no integers");
  split.plan_ptr = read_integers(group, "plan_ptr", where);
  std::uint64_t tokens = split.index.size();
  split.weighted = group.contains("part_ptr") || group.contains("weight");
  if (split.weighted) {
    split.part_ptr = read_integers(group, "part_ptr", where);
    if (split.part_ptr.empty()) refuse(where, "part_ptr is empty");
    tokens = split.part_ptr.size() - 1;
    check_offsets(split.part_ptr, tokens, split.index.size(), "part_ptr", where);
    split.weight = table(group, "weight", where);
    if (split.weight.kind() == h5::Kind::other) refuse(where, "weight holds no numbers");
    check_length(split.weight.size(), split.index.size(), "weight", where);
  }
  check_offsets(split.plan_ptr, plans, tokens, "plan_ptr", where);
  split.anchored = group.contains("anchor");
  if (split.anchored) {
    split.anchor = group.dataset("anchor");
    if (split.anchor.kind() == h5::Kind::other) refuse(where, "anchor holds no numbers");
    check_length(split.anchor.size(), tokens, "anchor", where);
  }
  for (std::size_t plan = 0; plan < plans; ++plan) split.of_image.emplace(images[plan], plan);
  return split;
}

std::optional<StoredPlan> PlanFile::find(const PlanKey& key, std::string& reason) const {
  const auto split = splits_.find(key.split);
  if (split == splits_.end()) {
    reason = fmt::format("the file has no plans for {}", key.split);
    return std::nullopt;
  }
  const Split& in = split->second;
  const auto [first, last] = in.of_image.equal_range(key.image_id);
  std::vector<std::size_t> found;
  bool same_expressions = false;
  for (auto at = first; at != last; ++at) {
    const std::size_t plan = at->second;
    const auto begin = in.sent_id.begin() + in.sent_ptr[plan];
    const auto end = in.sent_id.begin() + in.sent_ptr[plan + 1];
    if (!std::equal(begin, end, key.sent_ids.begin(), key.sent_ids.end())) continue;
    same_expressions = true;
    const bool mine = in.sample_id.empty() || in.sample_id[plan] == key.sample_id;
    if (in.tokens[plan] == key.tokens && mine) found.push_back(plan);
  }
  if (found.size() == 1) return read_plan(in, found.front());
  const std::string whose =
      fmt::format("sentences {} at {} tokens", fmt::join(key.sent_ids, ", "), key.tokens);
  if (found.size() > 1) {
    reason = fmt::format("the file has {} plans for {}", found.size(), whose);
  } else if (first == last) {
    reason = "the file has no plan for this image";
  } else {
    reason = fmt::format("the file has no plan for {}, only for other {}", whose,
                         same_expressions ? "budgets or conversations of them" : "sentences");
  }
  return std::nullopt;
}

StoredPlan PlanFile::read_plan(const Split& split, std::size_t plan) {
  StoredPlan stored;
  const std::int64_t first = split.plan_ptr[plan], last = split.plan_ptr[plan + 1];
  if (split.anchored) stored.anchor = slice<float>(split.anchor, h5::Scalar::f32, first, last);
  if (!split.weighted) {
    stored.index = slice<std::int64_t>(split.index, h5::Scalar::i64, first, last);
    return stored;
  }
  stored.part_ptr.assign(split.part_ptr.begin() + first, split.part_ptr.begin() + last + 1);
  const std::int64_t begin = stored.part_ptr.front(), end = stored.part_ptr.back();
  for (std::int64_t& offset : stored.part_ptr) offset -= begin;
  stored.index = slice<std::int64_t>(split.index, h5::Scalar::i64, begin, end);
  stored.weight = slice<float>(split.weight, h5::Scalar::f32, begin, end);
  return stored;
}

}  // namespace litebench::plans
