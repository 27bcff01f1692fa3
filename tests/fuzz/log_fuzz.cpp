// Any bytes either become bundles whose rows lie inside them or Error{data}: as a log, as a damaged file, and as frames
// with right checksums and any payload.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "shards/store/frame.hpp"
#include "shards/store/raw_scan.hpp"
#include "shards/store/shard.hpp"

using namespace litebench;

namespace {

void walk(std::span<const std::byte> log) {
  try {
    store::visit_log(store::log_in_memory(log), "fuzz", [](store::Bundle&& bundle) {
      for (const store::ExpressionRow& row : bundle.expressions) {
        try {
          const auto mask = bundle.get(row.mask);
          if (mask.size() > bundle.bytes.size()) std::abort();
        } catch (const Error& error) {
          if (error.code() != ExitCode::data) std::abort();
        }
      }
    });
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) std::abort();
  }
}

/// One byte of type, two of length, the payload; again and again.
std::vector<std::byte> framed(std::span<const std::byte> input) {
  static const std::string start =
      R"({"attempt":"a","rank":0,"ranks":1,"family":"f","pack":"p","plan":"q","family_parts":[],"pack_parts":[],)"
      R"("config":"","datasets":[],"splits":[],"variants":[],"variant_json":[],"protocol_json":[],"environment":[]})";
  std::vector<std::byte> log;
  store::append_frame(log, store::FrameType::start, std::as_bytes(std::span(start)));
  while (input.size() >= 3) {
    const auto type = static_cast<store::FrameType>(input[0]);
    std::uint16_t length = 0;
    std::memcpy(&length, input.data() + 1, sizeof length);
    input = input.subspan(3);
    const auto payload = input.first(std::min<std::size_t>(length, input.size()));
    store::append_frame(log, type, payload);
    input = input.subspan(payload.size());
  }
  return log;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::byte> input(reinterpret_cast<const std::byte*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: walk(input); break;
    case 1: walk(store::scan_raw(input).frames); break;
    default: walk(framed(input));
  }
  return 0;
}
