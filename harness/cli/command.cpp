#include "harness/cli/command.hpp"

#include <array>

#include "harness/cli/inspect_options.hpp"
#include "harness/cli/programs.hpp"

namespace litebench::cli {
namespace {

constexpr std::string_view kRun = "--config FILE [options of a run]";

constexpr std::array<Command, 10> kCommands{{
    {"plan", "expand the matrix, check files and models, start nothing", kRun, plan_command},
    {"launch", "start mpirun with the options this machine needs; restart while progress is made",
     "-n RANKS [--launcher mpirun|srun] [--mpirun OPTION]... --config FILE [options of a run]", launch_command},
    {"status", "progress of a live or dead run and the command that continues it", "RUN | --config FILE",
     status_command},
    {"reduce", "shards -> results.h5 -> tables and verdict", "RUN [options]", reduce_command},
    {"list", "methods | datasets | profiles | geometries", "WHAT [--markdown]", list_command},
    {"doctor", "versions, devices, data counts, checkpoints", "[--config FILE]", doctor_command},
    {"convert", "any checkpoint -> one mmap-able safetensors",
     "SRC DST [--dtype float32|bfloat16|float16]", convert_command},
    {"dump", "the tensors that methods see, for chosen images, as HDF5",
     "--config FILE (--image ID[,ID]... | --limit N) --output FILE.h5", dump_command},
    {"show", "kept tokens, scores and masks of several methods as a picture",
     "--config FILE --image ID [--method M[,M]...] --output FILE.png", show_command},
    {"chaos", "kill and hurt a run at random and prove that its numbers stay",
     "--config FILE [--seed S] [--kills K] [--ranks R] [--corrupt N] [options of a run]", chaos_command},
}};

int inspect(Inspection what, std::string_view word, const Arguments& arguments) {
  static_cast<void>(parse_inspect_options(what, arguments));  // before LibTorch is loaded
  Arguments all = {std::string(word)};
  all.insert(all.end(), arguments.begin(), arguments.end());
  point_to_libtorch();
  exec(sibling("litebench-run"), all);
}

}  // namespace

std::span<const Command> commands() { return kCommands; }

int plan_command(const Arguments& arguments) {
  Arguments all = arguments;
  all.emplace_back("--dry-run");
  point_to_libtorch();
  exec(sibling("litebench-run"), all);
}

int dump_command(const Arguments& arguments) { return inspect(Inspection::dump, "dump", arguments); }

int show_command(const Arguments& arguments) { return inspect(Inspection::show, "show", arguments); }

int reduce_command(const Arguments& arguments) { exec(sibling("litebench-reduce"), arguments); }

}  // namespace litebench::cli
