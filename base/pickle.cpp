#include "base/pickle.hpp"

#include <array>
#include <initializer_list>

#include <fmt/core.h>

#include "base/pickle_machine.hpp"

namespace litebench::pickle {
namespace {

struct Opcode {
  unsigned char code = 0;
  std::string_view name;
  void (*execute)(Machine&) = nullptr;  ///< null: known and forbidden
};

using M = Machine;
using std::int32_t, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t;

// The opcodes of protocols 0 to 4, as Python's pickletools names them.
constexpr Opcode kScalars[] = {
    {0x80, "PROTO", [](M& m) { m.protocol(); }},
    {'N', "NONE", [](M& m) { m.push_constant(Kind::none); }},
    {0x88, "NEWTRUE", [](M& m) { m.push_constant(Kind::boolean, 1); }},
    {0x89, "NEWFALSE", [](M& m) { m.push_constant(Kind::boolean, 0); }},
    {'I', "INT", [](M& m) { m.integer_line(); }},
    {'J', "BININT", [](M& m) { m.binary_integer<int32_t>(); }},
    {'K', "BININT1", [](M& m) { m.binary_integer<uint8_t>(); }},
    {'M', "BININT2", [](M& m) { m.binary_integer<uint16_t>(); }},
    {'L', "LONG", [](M& m) { m.long_line(); }},
    {0x8a, "LONG1", [](M& m) { m.binary_long<uint8_t>(); }},
    {0x8b, "LONG4", [](M& m) { m.binary_long<int32_t>(); }},
    {'F', "FLOAT", [](M& m) { m.float_line(); }},
    {'G', "BINFLOAT", [](M& m) { m.binary_float(); }},
};

constexpr Opcode kTexts[] = {
    {'S', "STRING", [](M& m) { m.string_line(); }},
    {'T', "BINSTRING", [](M& m) { m.binary_text<int32_t>(); }},
    {'U', "SHORT_BINSTRING", [](M& m) { m.binary_text<uint8_t>(); }},
    {'V', "UNICODE", [](M& m) { m.unicode_line(); }},
    {'X', "BINUNICODE", [](M& m) { m.binary_text<uint32_t>(); }},
    {0x8c, "SHORT_BINUNICODE", [](M& m) { m.binary_text<uint8_t>(); }},
    {0x8d, "BINUNICODE8", [](M& m) { m.binary_text<uint64_t>(); }},
    {'C', "SHORT_BINBYTES", [](M& m) { m.binary_text<uint8_t>(); }},
    {'B', "BINBYTES", [](M& m) { m.binary_text<uint32_t>(); }},
    {0x8e, "BINBYTES8", [](M& m) { m.binary_text<uint64_t>(); }},
};

constexpr Opcode kStackAndMemo[] = {
    {'(', "MARK", [](M& m) { m.mark(); }},
    {'.', "STOP", [](M& m) { m.stop(); }},
    {'0', "POP", [](M& m) { m.pop_value_or_mark(); }},
    {'1', "POP_MARK", [](M& m) { m.pop_mark(); }},
    {'2', "DUP", [](M& m) { m.duplicate(); }},
    {'p', "PUT", [](M& m) { m.put_line(); }},
    {'q', "BINPUT", [](M& m) { m.put<uint8_t>(); }},
    {'r', "LONG_BINPUT", [](M& m) { m.put<uint32_t>(); }},
    {'g', "GET", [](M& m) { m.get_line(); }},
    {'h', "BINGET", [](M& m) { m.get<uint8_t>(); }},
    {'j', "LONG_BINGET", [](M& m) { m.get<uint32_t>(); }},
    {0x94, "MEMOIZE", [](M& m) { m.put_next(); }},
    {0x95, "FRAME", [](M& m) { m.frame(); }},
};

constexpr Opcode kContainers[] = {
    {']', "EMPTY_LIST", [](M& m) { m.push_empty(Kind::list); }},
    {'}', "EMPTY_DICT", [](M& m) { m.push_empty(Kind::dict); }},
    {')', "EMPTY_TUPLE", [](M& m) { m.push_empty(Kind::tuple); }},
    {'l', "LIST", [](M& m) { m.list_or_tuple(Kind::list); }},
    {'t', "TUPLE", [](M& m) { m.list_or_tuple(Kind::tuple); }},
    {0x85, "TUPLE1", [](M& m) { m.tuple_of(1); }},
    {0x86, "TUPLE2", [](M& m) { m.tuple_of(2); }},
    {0x87, "TUPLE3", [](M& m) { m.tuple_of(3); }},
    {'d', "DICT", [](M& m) { m.dict(); }},
    {'a', "APPEND", [](M& m) { m.append(); }},
    {'e', "APPENDS", [](M& m) { m.append_many(); }},
    {'s', "SETITEM", [](M& m) { m.set_item(); }},
    {'u', "SETITEMS", [](M& m) { m.set_items(); }},
};

constexpr Opcode kObjects[] = {
    {'c', "GLOBAL", [](M& m) { m.global_line(); }},
    {0x93, "STACK_GLOBAL", [](M& m) { m.stack_global(); }},
    {'R', "REDUCE", [](M& m) { m.call(); }},
    {0x81, "NEWOBJ", [](M& m) { m.call(); }},
    {'b', "BUILD", [](M& m) { m.build(); }},
    {'P', "PERSID", [](M& m) { m.persistent_line(); }},
    {'Q', "BINPERSID", [](M& m) { m.persistent(); }},
    {'i', "INST"},
    {'o', "OBJ"},
    {0x82, "EXT1"},
    {0x83, "EXT2"},
    {0x84, "EXT4"},
    {0x92, "NEWOBJ_EX"},
    {0x8f, "EMPTY_SET"},
    {0x90, "ADDITEMS"},
    {0x91, "FROZENSET"},
};

constexpr std::array<Opcode, 256> make_table() {
  std::array<Opcode, 256> table{};
  const auto add = [&](const auto& group) {
    for (const Opcode& opcode : group) table[opcode.code] = opcode;
  };
  add(kScalars);
  add(kTexts);
  add(kStackAndMemo);
  add(kContainers);
  add(kObjects);
  return table;
}

constexpr std::array<Opcode, 256> kTable = make_table();

void execute_next(Machine& machine) {
  const unsigned char code = machine.next_opcode();
  const Opcode& opcode = kTable[code];
  if (opcode.name.empty()) {
    machine.name_opcode("unknown");
    machine.fail(fmt::format("there is no opcode 0x{:02x} in protocols 0 to 4", code));
  }
  machine.name_opcode(opcode.name);
  if (opcode.execute == nullptr)
    machine.fail("forbidden, because it could build arbitrary objects");
  opcode.execute(machine);
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  if (kind != Kind::dict) return nullptr;
  // Backwards: of two equal keys Python keeps the value that was set last.
  for (std::size_t i = items.size(); i >= 2; i -= 2) {
    if (items[i - 2]->kind == Kind::bytes && items[i - 2]->text == key) return items[i - 1];
  }
  return nullptr;
}

Document parse(std::span<const std::byte> data, std::string_view name_for_errors,
               std::span<const std::string_view> allowed_globals, const Limits& limits) {
  Machine machine(data, name_for_errors, allowed_globals, limits);
  while (!machine.stopped()) execute_next(machine);
  return machine.finish();
}

}  // namespace litebench::pickle
