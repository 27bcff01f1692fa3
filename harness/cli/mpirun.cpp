// What is added, and why:
//   root            OpenMPI refuses root without two variables; we set them only for root
//   --oversubscribe ranks beyond the slots mpirun counted; then also mpi_yield_when_idle, or
//                   waiting ranks starve working ones
//   --bind-to none  mpirun binds two ranks to one core each, which starves ranks with threads
//   keepalive       a cut cable is noticed after 10 s instead of 8 minutes

#include "harness/cli/mpirun.hpp"

#include <cstdlib>
#include <thread>

#include <unistd.h>

#include "harness/cli/programs.hpp"

namespace litebench::cli {

Arguments mpirun_arguments(int ranks, const Arguments& extra, const Arguments& program) {
  Arguments all = {"-n", std::to_string(ranks), "--oversubscribe", "--bind-to", "none"};
  for (const auto& [key, value] :
       {std::pair("oob_tcp_keepalive_time", "5"), std::pair("oob_tcp_keepalive_intvl", "2"),
        std::pair("oob_tcp_keepalive_probes", "3")}) {
    all.insert(all.end(), {"--mca", key, value});
  }
  all.insert(all.end(), extra.begin(), extra.end());
  all.insert(all.end(), program.begin(), program.end());
  return all;
}

void set_mpi_environment(int ranks) {
  if (::geteuid() == 0) {
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
  }
  if (ranks > static_cast<int>(std::thread::hardware_concurrency()))
    ::setenv("OMPI_MCA_mpi_yield_when_idle", "1", 0);
  point_to_libtorch();
}

}  // namespace litebench::cli
