// A file of predictions: what is accepted has masks that fill their sizes and ids that occur once.
#include <cstdlib>
#include <set>
#include <string_view>

#include "analysis/predictions/predictions.hpp"
#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace litebench;
  try {
    std::set<std::int64_t> seen;
    for (const analysis::Prediction& prediction :
         analysis::parse_predictions({reinterpret_cast<const char*>(data), size}, "fuzz")) {
      if (!seen.insert(prediction.sent_id).second) std::abort();
      if (!prediction.mask) continue;
      std::int64_t pixels = 0;
      for (const std::uint32_t count : prediction.mask->counts) pixels += count;
      if (pixels != prediction.mask->height * prediction.mask->width) std::abort();
    }
  } catch (const Error& error) {
    if (error.code() != ExitCode::data) std::abort();
  }
  return 0;
}
