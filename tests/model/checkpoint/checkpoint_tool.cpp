// convert SRC DST [fp32|bf16|fp16]: convert a checkpoint. check GLAMM CLIP: geometry and expected tensors.
// Errors end it like they end litebench: message on stderr, code as exit status.

#include <cstdio>
#include <string_view>

#include "base/error.hpp"
#include "model/checkpoint/config.hpp"
#include "model/checkpoint/convert.hpp"
#include "model/checkpoint/expected.hpp"

namespace {

using namespace litebench;
using namespace litebench::model;

int convert_command(int argc, char** argv) {
  ConvertOptions options;
  const std::string_view dtype = argc > 4 ? argv[4] : "";
  if (dtype == "fp32") options.dtype = DType::f32;
  if (dtype == "bf16") options.dtype = DType::bf16;
  if (dtype == "fp16") options.dtype = DType::f16;
  std::uint64_t last = 0, total = 0;
  options.progress = [&](const ConvertProgress& progress) {
    last = progress.done_bytes;
    total = progress.total_bytes;
  };
  const auto report = convert(argv[2], argv[3], options);
  std::printf("%lld %llu\n", static_cast<long long>(report.tensors),
              static_cast<unsigned long long>(report.bytes));
  return last == total && total == report.bytes ? 0 : 1;
}

int check_command(char** argv) {
  const auto glamm = open_checkpoint(argv[2]), clip = open_checkpoint(argv[3]);
  const auto geometry = read_geometry(argv[2], argv[3], *glamm, *clip);
  check(expected_glamm(geometry), *glamm, argv[2]);
  check(expected_clip(geometry), *clip, argv[3]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return static_cast<int>(ExitCode::usage);
  try {
    return std::string_view(argv[1]) == "convert" ? convert_command(argc, argv)
                                                  : check_command(argv);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
}
