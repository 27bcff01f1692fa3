// `litebench convert SRC DST [--dtype float32|bfloat16|float16]`

#include <cstdio>
#include <optional>

#include <fmt/core.h>
#include <unistd.h>
#include <boost/program_options.hpp>

#include "base/error.hpp"
#include "harness/cli/command.hpp"
#include "model/checkpoint/convert.hpp"

namespace litebench::cli {
namespace {

namespace po = boost::program_options;

struct ConvertCommand {
  std::string source, destination, dtype = "keep";
};

ConvertCommand parse(const Arguments& arguments) {
  ConvertCommand options;
  po::options_description named;
  named.add_options()("source", po::value(&options.source))(
      "destination", po::value(&options.destination))("dtype", po::value(&options.dtype));
  po::positional_options_description places;
  places.add("source", 1).add("destination", 1);
  try {
    po::variables_map values;
    po::store(po::command_line_parser(arguments).options(named).positional(places).run(), values);
    po::notify(values);
  } catch (const po::error& error) {
    throw Error(ExitCode::usage, "cannot read the command line", error.what(),
                "litebench convert SRC DST [--dtype float32|bfloat16|float16]");
  }
  if (options.destination.empty()) {
    throw Error(ExitCode::usage, "cannot convert", "source or destination is missing",
                "litebench convert SRC DST [--dtype float32|bfloat16|float16]");
  }
  return options;
}

std::optional<model::DType> dtype_of(const std::string& name) {
  if (name == "keep") return std::nullopt;
  for (const model::DType dtype : {model::DType::f32, model::DType::bf16, model::DType::f16}) {
    if (name == model::name_of(dtype)) return dtype;
  }
  throw Error(ExitCode::usage, fmt::format("unknown dtype \"{}\"", name),
              "weights are kept in one of three",
              "use float32, bfloat16 or float16, or leave --dtype out to keep what is there");
}

}  // namespace

int convert_command(const Arguments& arguments) {
  const ConvertCommand command = parse(arguments);
  model::ConvertOptions options;
  options.dtype = dtype_of(command.dtype);
  const bool terminal = ::isatty(STDERR_FILENO) != 0;
  if (terminal) {
    options.progress = [](const model::ConvertProgress& progress) {
      fmt::print(stderr, "\r{:.2f} of {:.2f} GB", static_cast<double>(progress.done_bytes) * 1e-9,
                 static_cast<double>(progress.total_bytes) * 1e-9);
    };
  }
  const model::ConvertReport report = model::convert(command.source, command.destination, options);
  if (terminal) fmt::print(stderr, "\n");
  fmt::print("wrote {} tensors, {} bytes, to {}\n", report.tensors, report.bytes,
             report.file.string());
  return 0;
}

}  // namespace litebench::cli
