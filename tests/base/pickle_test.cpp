// The pickles were written by CPython 3.11's pickle module: tests/golden/pickle/make_pickles.py.
#include "base/pickle.hpp"

#include <cmath>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/mapped_file.hpp"

namespace litebench::pickle {
namespace {

constexpr std::string_view kOrderedDict[] = {"collections OrderedDict"};

Document parse_text(std::string_view text, std::span<const std::string_view> allowed = {},
                    const Limits& limits = {}) {
  return parse(std::as_bytes(std::span(text)), "test.p", allowed, limits);
}

Document load(const std::string& name, std::span<const std::string_view> allowed = {}) {
  const MappedFile file("tests/golden/pickle/" + name);
  return parse(file.bytes(), name, allowed);
}

/// The message of the Error{data} that reading must end in.
std::string refusal(const std::function<void()>& read) {
  try {
    read();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    return error.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}

/// A node as Python's repr would print it, texts as they are.
std::string spell(const Node& node) {
  std::string items;
  for (const Node* item : node.items) items += (items.empty() ? "" : " ") + spell(*item);
  switch (node.kind) {
    case Kind::none: return "None";
    case Kind::boolean: return node.integer != 0 ? "True" : "False";
    case Kind::integer: return std::to_string(node.integer);
    case Kind::real: return fmt::format("{}", node.real);
    case Kind::bytes: return "'" + node.text + "'";
    case Kind::list: return "[" + items + "]";
    case Kind::tuple: return "(" + items + ")";
    case Kind::dict: return "{" + items + "}";
    case Kind::global: return node.text;
    case Kind::call: return "call(" + items + ")";
    case Kind::persistent: return "persistent(" + items + ")";
  }
  return "?";
}

class EveryProtocol : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Protocols, EveryProtocol, testing::Range(0, 5));

TEST_P(EveryProtocol, ReadsWhatPythonWrote) {
  const Document document = load(fmt::format("plain_{}.p", GetParam()));
  const Node& root = *document.root;
  const auto member = [&](std::string_view key) { return spell(*root.find(key)); };
  EXPECT_EQ(member("none"), "None");
  EXPECT_EQ(member("booleans"), "[True False]");
  EXPECT_EQ(member("integers"),
            "[0 1 255 256 65535 65536 -1 2147483647 -2147483648 2147483648 4611686018427387904 "
            "-9223372036854775808]");
  EXPECT_EQ(member("reals"), "[0.5 -1e+300 inf]");
  EXPECT_EQ(member("texts"),
            "['' 'left élève 中 😀' 'a\\u0041b\n'\"' '" + std::string(300, 'x') + "']");
  EXPECT_EQ(member("tuples"), "[() (1) (1 2) (1 2 3) (1 2 3 4)]");
  EXPECT_EQ(member("nested"), "[[[[]]] {'a' {'b' [{}]}}]");
  const Node& shared = *root.find("shared");
  EXPECT_EQ(shared.items[0], shared.items[1]) << "the memo must give the same value back";
  EXPECT_EQ(root.find("absent"), nullptr);
  EXPECT_EQ(root.depth, 5u);
  if (GetParam() >= 3) {
    EXPECT_EQ(root.find("bytes")->text, std::string("\x00\xff", 2));
  }
}

TEST_P(EveryProtocol, ReadsAnOrderedDictWhenItIsAllowed) {
  const Document document = load(fmt::format("ordered_{}.p", GetParam()), kOrderedDict);
  EXPECT_EQ(spell(*document.root), "{'b' 1 'a' [2]}");
}

TEST_P(EveryProtocol, RefusesAShellCommand) {
  const std::string message = refusal([] { load(fmt::format("system_{}.p", GetParam())); });
  EXPECT_NE(message.find(GetParam() < 4 ? "opcode GLOBAL at byte" : "opcode STACK_GLOBAL at byte"),
            std::string::npos)
      << message;
  EXPECT_NE(message.find("posix.system\" is not allowed"), std::string::npos) << message;
}

TEST_P(EveryProtocol, RefusesEveryTruncation) {
  const MappedFile file(fmt::format("tests/golden/pickle/plain_{}.p", GetParam()));
  for (std::size_t length = 0; length < file.bytes().size(); ++length) {
    EXPECT_THROW(parse(file.bytes().first(length), "cut.p"), Error) << "cut at " << length;
  }
}

TEST(Pickle, ReadsByteStringsOfPython2AsTheirBytes) {
  EXPECT_EQ(spell(*load("python2.p").root), "['it's \xe9 \\ \t' 12345678901 True 0.5 'naïve é']");
}

TEST(Pickle, JoinsSurrogatePairsOfNarrowPython2Builds) {
  EXPECT_EQ(parse_text("V\\ud83d\\ude00\n.").root->text, "😀");
  EXPECT_NE(refusal([] { parse_text("V\\ud83d\n."); }).find("opcode UNICODE"), std::string::npos);
}

TEST(Pickle, MakesInertNodesOfAllowedGlobals) {
  const std::string_view allowed[] = {"torch FloatStorage"};
  const Document document =
      parse_text("ctorch\nFloatStorage\n(I1\ntR(S'storage'\ntQ\x86.", allowed);
  EXPECT_EQ(spell(*document.root), "(call(torch FloatStorage (1)) persistent(('storage')))");
}

TEST(Pickle, KeepsTheValueThatWasSetLast) {
  EXPECT_EQ(parse_text("(S'a'\nI1\nS'a'\nI2\nd.").root->find("a")->integer, 2);
}

struct BadPickle {
  std::string_view data, message;
};
class Refused : public testing::TestWithParam<BadPickle> {};
INSTANTIATE_TEST_SUITE_P(
    Inputs, Refused,
    testing::Values(
        BadPickle{"", "opcode STOP at byte 0: the data end before it"},
        BadPickle{"(i__main__\nX\n.", "opcode INST at byte 1: forbidden"},
        BadPickle{"\x80\x04\x8f.", "opcode EMPTY_SET at byte 2: forbidden"},
        BadPickle{"\x80\x05.", "opcode PROTO at byte 0: protocol 5 is not supported"},
        BadPickle{"N\xff.", "opcode unknown at byte 1: there is no opcode 0xff"},
        BadPickle{"Q", "opcode BINPERSID at byte 0: the stack is empty"},
        BadPickle{"NQ.", "opcode BINPERSID at byte 1: persistent ids are not allowed"},
        BadPickle{"T\xff\xff\xff\x7fx.", "opcode BINSTRING at byte 0: the data end inside it"},
        BadPickle{"T\xff\xff\xff\xffx.", "opcode BINSTRING at byte 0: the length is negative"},
        BadPickle{"\x8d\xff\xff\xff\xff\xff\xff\xff\xffx.",
                  "opcode BINUNICODE8 at byte 0: the data end"},
        BadPickle{"\x8a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01.",
                  "opcode LONG1 at byte 0: an integer has more"},
        BadPickle{"I12x\n.", "opcode INT at byte 0: wanted an integer"},
        BadPickle{"S'open\n.", "opcode STRING at byte 0: wanted a quoted string"},
        BadPickle{"a.", "opcode APPEND at byte 0: the stack is empty"},
        BadPickle{"NNa.", "opcode APPEND at byte 2: wanted a list"},
        BadPickle{"](Na.", "opcode APPEND at byte 3: the stack is empty"},
        BadPickle{"}(Nu.", "opcode SETITEMS at byte 3: a key has no value"},
        BadPickle{"Nl.", "opcode LIST at byte 1: there is no MARK"},
        BadPickle{"g7\n.", "opcode GET at byte 0: nothing in memo 7"},
        BadPickle{"Nr\xff\xff\xff\xff.",
                  "opcode LONG_BINPUT at byte 1: memo number 4294967295 is out of range"},
        BadPickle{"]2a.", "a value contains itself"},
        BadPickle{"]q\x01(]h\x01"
                  "ae.",
                  "a value contains itself"},
        BadPickle{"N}b.", "opcode BUILD at byte 2: wanted a dict"},
        BadPickle{"NN\x81.", "opcode NEWOBJ at byte 2: wanted a tuple"},
        BadPickle{"N)R.", "opcode REDUCE at byte 2: wanted a global"}));

TEST_P(Refused, NamesOpcodeAndOffset) {
  const std::string message = refusal([] { parse_text(GetParam().data); });
  EXPECT_NE(message.find(GetParam().message), std::string::npos) << message;
  EXPECT_NE(message.find("cannot read pickle test.p"), std::string::npos) << message;
}

TEST(Pickle, RefusesNestingThatWouldOverflowARecursiveReader) {
  const std::string deep = std::string(100'000, '(') + std::string(100'000, 'l') + ".";
  EXPECT_NE(refusal([&] { parse_text(deep); }).find("nested deeper than 1000 levels"),
            std::string::npos);
  const std::string allowed = std::string(1'000, '(') + std::string(1'000, 'l') + ".";
  EXPECT_EQ(parse_text(allowed).root->depth, 999u);
  // The same depth reached through values that were measured before.
  const std::string memo = "]q\x01(h\x01lq\x02(h\x02lq\x03(h\x01h\x02h\x03l.";
  EXPECT_EQ(parse_text(memo).root->depth, 3u);
  EXPECT_NE(refusal([&] { parse_text(memo, {}, {.max_depth = 3}); }).find("nested deeper than 3"),
            std::string::npos);
}

TEST(Pickle, RefusesMoreValuesThanTheLimit) {
  const std::string message = refusal([] { parse_text("(NNNNl.", {}, {.max_nodes = 3}); });
  EXPECT_NE(message.find("opcode NONE at byte 4: more than 3 values"), std::string::npos)
      << message;
}

}  // namespace
}  // namespace litebench::pickle
