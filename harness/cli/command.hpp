#pragma once
// The words after `litebench`: one function each, one file each. A command returns the exit code or
// throws Error.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace litebench::cli {

using Arguments = std::vector<std::string>;

int list_command(const Arguments& arguments);     ///< methods | datasets | profiles | geometries
int launch_command(const Arguments& arguments);   ///< mpirun with what the machine needs, restarted
                                                  ///< while it gets on
int status_command(const Arguments& arguments);   ///< progress of a run folder
int doctor_command(const Arguments& arguments);   ///< versions, devices, data, checkpoints
int convert_command(const Arguments& arguments);  ///< any checkpoint → one safetensors
int dump_command(const Arguments& arguments);     ///< execs litebench-run dump
int show_command(const Arguments& arguments);     ///< execs litebench-run show
int plan_command(const Arguments& arguments);     ///< execs litebench-run --dry-run
int chaos_command(const Arguments& arguments);    ///< hurts a run and proves that nothing changed
int reduce_command(const Arguments& arguments);   ///< execs litebench-reduce

struct Command {
  std::string_view word, summary;
  std::string_view takes;  ///< what follows the word
  int (*run)(const Arguments&);
};
std::span<const Command> commands();

}  // namespace litebench::cli
