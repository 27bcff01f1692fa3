#include "base/pickle_machine.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include <fmt/core.h>

#include "base/error.hpp"
#include "base/pickle_escapes.hpp"

namespace litebench::pickle {
namespace {

constexpr std::string_view kOrderedDict = "collections OrderedDict";

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

unsigned char Machine::next_opcode() {
  opcode_offset_ = input_.offset();
  opcode_ = "STOP";  // what is missing if the data end here
  return need(input_.number<std::uint8_t>(), "the data end before it");
}

void Machine::fail(std::string_view reason) const {
  throw Error(ExitCode::data, fmt::format("cannot read pickle {}", name_),
              fmt::format("opcode {} at byte {}: {}", opcode_, opcode_offset_, reason),
              "fetch the file again from a source you trust");
}

Node* Machine::make(Kind kind) {
  if (document_.nodes.size() >= limits_.max_nodes)
    fail(fmt::format("more than {} values", limits_.max_nodes));
  Node& node = document_.nodes.emplace_back();
  node.kind = kind;
  return &node;
}

Node* Machine::push(Node* node) {
  stack_.push_back(node);
  return node;
}

Node* Machine::top() {
  const std::size_t fence = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= fence) fail("the stack is empty");
  return stack_.back();
}

Node* Machine::pop() {
  Node* node = top();
  stack_.pop_back();
  return node;
}

std::vector<const Node*> Machine::pop_to_mark() {
  if (marks_.empty()) fail("there is no MARK");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<const Node*> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

/// The value on top of the stack, which must be of that kind.
Node* Machine::expect(Kind kind, std::string_view wanted) {
  Node* node = top();
  if (node->kind != kind) fail(fmt::format("wanted {} on the stack", wanted));
  return node;
}

void Machine::protocol() {
  const auto version = need(input_.number<std::uint8_t>());
  if (version > 4) fail(fmt::format("protocol {} is not supported (0 to 4 are)", version));
}

void Machine::push_constant(Kind kind, std::int64_t value) { push(make(kind))->integer = value; }
void Machine::push_text(std::string_view text) { push(make(Kind::bytes))->text = text; }
void Machine::push_integer(std::int64_t value) { push(make(Kind::integer))->integer = value; }

void Machine::push_long(std::string_view little_endian) {
  if (little_endian.size() > 8) fail("an integer has more than 64 bits");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < little_endian.size(); ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(little_endian[i])} << (8 * i);
  }
  const bool negative = !little_endian.empty() && (little_endian.back() & 0x80) != 0;
  if (negative && little_endian.size() < 8)
    value |= ~std::uint64_t{0} << (8 * little_endian.size());
  push_integer(static_cast<std::int64_t>(value));
}

void Machine::binary_float() {  // the one big-endian number of the format
  const double value =
      std::bit_cast<double>(__builtin_bswap64(need(input_.number<std::uint64_t>())));
  push(make(Kind::real))->real = value;
}

void Machine::integer_line() {
  const std::string_view text = need(input_.line());
  if (text == "00" || text == "01") {  // how protocols 0 and 1 write booleans
    push_constant(Kind::boolean, text == "01" ? 1 : 0);
  } else {
    push_integer(need(parse_number<std::int64_t>(text), "wanted an integer of 64 bits"));
  }
}

void Machine::long_line() {
  std::string_view text = need(input_.line());
  if (text.ends_with('L')) text.remove_suffix(1);
  push_integer(need(parse_number<std::int64_t>(text), "wanted an integer of 64 bits"));
}

void Machine::float_line() {
  const double value = need(parse_number<double>(need(input_.line())), "wanted a number");
  push(make(Kind::real))->real = value;
}

void Machine::string_line() {
  push_text(need(unquote(need(input_.line())), "wanted a quoted string"));
}

void Machine::unicode_line() {
  push_text(need(unescape_unicode(need(input_.line())), "wanted a raw-unicode-escape text"));
}

void Machine::pop_value_or_mark() {
  if (!marks_.empty() && marks_.back() == stack_.size()) {
    marks_.pop_back();
  } else {
    pop();
  }
}

std::uint64_t Machine::decimal_line() {
  return need(parse_number<std::uint64_t>(need(input_.line())), "wanted a decimal number");
}

void Machine::memoize(std::uint64_t index) {
  // A pickler numbers what it wrote, at least one byte each, so larger numbers are forged to make
  // the memo grow.
  if (index > input_.offset()) fail(fmt::format("memo number {} is out of range", index));
  Node* node = top();
  if (index >= memo_.size()) memo_.resize(index + 1);
  memo_[index] = node;
}

void Machine::recall(std::uint64_t index) {
  if (index >= memo_.size() || memo_[index] == nullptr)
    fail(fmt::format("nothing in memo {}", index));
  push(memo_[index]);
}

void Machine::list_or_tuple(Kind kind) {
  auto items = pop_to_mark();
  push(make(kind))->items = std::move(items);
}

void Machine::tuple_of(std::size_t count) {
  std::vector<const Node*> items(count);
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  push(make(Kind::tuple))->items = std::move(items);
}

void Machine::add_pairs(Node* dict, const std::vector<const Node*>& items) {
  if (items.size() % 2 != 0) fail("a key has no value");
  dict->items.insert(dict->items.end(), items.begin(), items.end());
}

void Machine::dict() {
  const auto items = pop_to_mark();
  add_pairs(push(make(Kind::dict)), items);
}

void Machine::append() {
  const Node* item = pop();
  expect(Kind::list, "a list")->items.push_back(item);
}

void Machine::append_many() {
  const auto items = pop_to_mark();
  Node* list = expect(Kind::list, "a list");
  list->items.insert(list->items.end(), items.begin(), items.end());
}

void Machine::set_item() {
  const Node* value = pop();
  const Node* key = pop();
  add_pairs(expect(Kind::dict, "a dict"), {key, value});
}

void Machine::set_items() {
  const auto items = pop_to_mark();
  add_pairs(expect(Kind::dict, "a dict"), items);
}

void Machine::push_global(std::string_view module, std::string_view name) {
  std::string full = fmt::format("{} {}", module, name);
  if (std::ranges::find(allowed_globals_, full) == allowed_globals_.end()) {
    fail(fmt::format("\"{}.{}\" is not allowed here", module, name));
  }
  push(make(Kind::global))->text = std::move(full);
}

void Machine::global_line() {
  const std::string_view module = need(input_.line());
  push_global(module, need(input_.line()));
}

void Machine::stack_global() {
  const Node* name = pop();
  const Node* module = pop();
  if (name->kind != Kind::bytes || module->kind != Kind::bytes)
    fail("wanted two strings on the stack");
  push_global(module->text, name->text);
}

void Machine::call() {
  const Node* arguments = pop();
  const Node* callable = pop();
  if (arguments->kind != Kind::tuple) fail("wanted a tuple of arguments");
  if (callable->kind != Kind::global) fail("wanted a global to call");
  if (callable->text == kOrderedDict) {
    fill_ordered_dict(push(make(Kind::dict)), arguments);
  } else {
    push(make(Kind::call))->items = {callable, arguments};
  }
}

/// OrderedDict() or, as Python 2 pickled it, OrderedDict([[key, value], ...]).
void Machine::fill_ordered_dict(Node* dict, const Node* arguments) {
  if (arguments->items.empty()) return;
  const Node* pairs = arguments->items.front();
  if (arguments->items.size() > 1 || pairs->kind != Kind::list) fail("wanted a list of pairs");
  for (const Node* pair : pairs->items) {
    const bool is_pair =
        (pair->kind == Kind::list || pair->kind == Kind::tuple) && pair->items.size() == 2;
    if (!is_pair) fail("wanted a list of pairs");
    add_pairs(dict, pair->items);
  }
}

/// Attributes of a dict (torch puts `_metadata` on state dicts) carry no data of ours.
void Machine::build() {
  if (pop()->kind != Kind::dict) fail("wanted a dict of attributes");
  expect(Kind::dict, "a dict");
}

void Machine::push_persistent(Node* id) {
  if (allowed_globals_.empty()) fail("persistent ids are not allowed here");
  push(make(Kind::persistent))->items = {id};
}

void Machine::persistent() { push_persistent(pop()); }

void Machine::persistent_line() {
  push_text(need(input_.line()));
  persistent();
}

/// Fills in Node::depth below the root. Iterative, and its stack is no longer than the allowed
/// depth.
void Machine::measure_depth() {
  constexpr std::uint32_t kOnPath = ~std::uint32_t{0};
  struct Step {
    Node* node;
    std::size_t next = 0;
    std::uint32_t depth = 0;
  };
  std::vector<Step> path{{root_}};
  while (!path.empty()) {
    if (path.size() > limits_.max_depth)
      fail(fmt::format("nested deeper than {} levels", limits_.max_depth));
    Step& step = path.back();
    step.node->depth = kOnPath;
    if (step.next == step.node->items.size()) {
      step.node->depth = step.depth;
      path.pop_back();
      continue;
    }
    // Nodes are const for callers only; all of them are ours.
    auto* child = const_cast<Node*>(step.node->items[step.next]);
    if (child->depth == kOnPath) fail("a value contains itself");
    if (!child->items.empty() && child->depth == 0) {  // not measured yet
      path.push_back({child});
      continue;
    }
    step.depth = std::max(step.depth, child->depth + 1);
    if (step.depth >= limits_.max_depth)
      fail(fmt::format("nested deeper than {} levels", limits_.max_depth));
    ++step.next;
  }
}

Document Machine::finish() {
  measure_depth();
  document_.root = root_;
  return std::move(document_);
}

}  // namespace litebench::pickle
