#pragma once
// The pickle machine: a stack of values, positions of MARKs on it, a memo of values by number. One
// function per thing an opcode can do; pickle.cpp holds the table of opcodes.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/pickle.hpp"
#include "base/pickle_input.hpp"

namespace litebench::pickle {

class Machine {
 public:
  Machine(std::span<const std::byte> data, std::string_view name,
          std::span<const std::string_view> allowed_globals, const Limits& limits)
      : input_(data), name_(name), allowed_globals_(allowed_globals), limits_(limits) {}

  /// Reads the next opcode and remembers where it stands, for error messages.
  unsigned char next_opcode();
  void name_opcode(std::string_view name) { opcode_ = name; }
  [[noreturn]] void fail(std::string_view reason) const;
  [[nodiscard]] bool stopped() const { return root_ != nullptr; }
  /// The tree, after STOP. Refuses lists that contain themselves and trees deeper than the limit.
  Document finish();

  // Constants, numbers, texts.
  void protocol();
  void push_constant(Kind kind, std::int64_t value = 0);
  template <typename T>
  void binary_integer() {
    push_integer(need(input_.number<T>()));
  }
  template <typename Length>
  void binary_long() {
    push_long(counted<Length>());
  }
  template <typename Length>
  void binary_text() {
    push_text(counted<Length>());
  }
  void binary_float();
  void integer_line();
  void long_line();
  void float_line();
  void string_line();
  void unicode_line();

  // Stack and memo.
  void mark() { marks_.push_back(stack_.size()); }
  void pop_value_or_mark();
  void pop_mark() { pop_to_mark(); }
  void duplicate() { push(top()); }
  void put_line() { memoize(decimal_line()); }
  void get_line() { recall(decimal_line()); }
  template <typename T>
  void put() {
    memoize(need(input_.number<T>()));
  }
  template <typename T>
  void get() {
    recall(need(input_.number<T>()));
  }
  void put_next() { memoize(memo_.size()); }
  void frame() { need(input_.number<std::uint64_t>()); }  ///< a hint about buffering
  void stop() { root_ = pop(); }

  // Containers.
  void push_empty(Kind kind) { push(make(kind)); }
  void list_or_tuple(Kind kind);
  void tuple_of(std::size_t count);
  void dict();
  void append();
  void append_many();
  void set_item();
  void set_items();

  // Objects: inert nodes.
  void global_line();
  void stack_global();
  void call();
  void build();
  void persistent_line();
  void persistent();

 private:
  template <typename T>
  T need(std::optional<T> value, std::string_view what = "the data end inside it") const {
    if (!value) fail(what);
    return *std::move(value);
  }
  template <typename Length>
  std::string_view counted();

  Node* make(Kind kind);
  Node* push(Node* node);
  Node* pop();
  Node* top();
  std::vector<const Node*> pop_to_mark();
  Node* expect(Kind kind, std::string_view wanted);
  void push_text(std::string_view text);
  void push_integer(std::int64_t value);
  void push_long(std::string_view little_endian);
  void add_pairs(Node* dict, const std::vector<const Node*>& items);
  void fill_ordered_dict(Node* dict, const Node* arguments);
  void push_global(std::string_view module, std::string_view name);
  void push_persistent(Node* id);
  std::uint64_t decimal_line();
  void memoize(std::uint64_t index);
  void recall(std::uint64_t index);
  void measure_depth();

  Input input_;
  std::string_view name_;
  std::span<const std::string_view> allowed_globals_;
  Limits limits_;
  Document document_;
  std::vector<Node*> stack_;
  std::vector<std::size_t> marks_;
  std::vector<Node*> memo_;
  std::string_view opcode_;
  std::size_t opcode_offset_ = 0;
  Node* root_ = nullptr;
};

template <typename Length>
std::string_view Machine::counted() {
  const auto length = need(input_.number<Length>());
  if (length < Length{0}) fail("the length is negative");
  return need(input_.take(static_cast<std::uint64_t>(length)));
}

}  // namespace litebench::pickle
