#!/bin/bash
# From a bare Debian 12 to everything the build needs. Each step is skipped when it was done before.
#
#   cmake/setup.sh slim   what building and running take: packages, a LibTorch           (some 1.8 GB)
#   cmake/setup.sh cluster  Slurm and namespaces for the tests of tests/cluster, nothing else  (20 MB)
#   cmake/setup.sh full   also the Python packages that the tests use as oracles         (some 5.6 GB)
#
# Result: build/environment, a file of two assignments (TORCH_ROOT, LITEBENCH_PYTHON) that cmake/build.sh reads.
# Environment: TORCH_ROOT, VIRTUAL_ENV (reused when they fit), LITEBENCH_SKIP_APT=1 (packages come from elsewhere,
# for example from a cluster's modules).
set -euo pipefail
cd "$(dirname "$0")/.."
mode=${1:-slim}
venv=$PWD/.venv
requirements=tests/requirements.txt

packages=(
  g++ cmake ninja-build ccache mold git ca-certificates python3-venv
  openmpi-bin libopenmpi-dev libhdf5-dev libboost-program-options-dev libtomlplusplus-dev libfmt-dev libsimdjson-dev
  libsentencepiece-dev libturbojpeg0-dev libpng-dev libxxhash-dev nlohmann-json3-dev libicu-dev libgtest-dev
)
if [ "$mode" = full ]; then packages+=(clang libclang-rt-14-dev locales texlive-latex-recommended chromium); fi

if [ "$mode" = cluster ]; then
  packages=(slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins libpmix2 tini iproute2 util-linux)
fi

stop() { printf 'setup: %s\n' "$@" >&2; exit 69; }   # 69: a service (here: a package) is unavailable

install_packages() {
  [ -z "${LITEBENCH_SKIP_APT:-}" ] || return 0
  if ! command -v dpkg-query >/dev/null; then
    echo "setup: no dpkg here; what Debian calls ${packages[*]} is taken from the machine as it is"
    return 0
  fi
  local missing=() installed
  # dpkg-query fails as soon as one name is unknown to it, which is the usual case here.
  installed=" $({ dpkg-query -W -f='${Status} ${Package}\n' "${packages[@]}" 2>/dev/null || true; } |
    awk '$3 == "installed" {print $4}' | tr '\n' ' ') "
  for package in "${packages[@]}"; do [[ $installed == *" $package "* ]] || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0

  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    if ! { command -v sudo >/dev/null && sudo -n true 2>/dev/null; }; then
      stop "packages are missing (and neither root nor passwordless sudo is at hand to install them). Have this run:" \
        "  apt-get update && apt-get install --no-install-recommends ${missing[*]}" \
        "or set LITEBENCH_SKIP_APT=1 when they come from somewhere else."
    fi
    sudo=(sudo)
  fi
  echo "setup: installing ${missing[*]}"
  if ! { "${sudo[@]}" apt-get update -qq &&
         "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
           "${missing[@]}" >/dev/null; }; then
    stop "apt could not install ${missing[*]} (its message is above). Mend apt's sources, then repeat."
  fi
}

# The torch folder of a Python, if it is one we can build with. Asks the metadata: importing torch takes seconds, and
# does not work in the slim installation. Wheels before 2.7 have the C++ ABI that Debian's libraries lack.
torch_of() {
  "$1" - 2>/dev/null <<'P'
import importlib.metadata as metadata, importlib.util as util, os, sys
version = tuple(int(part) for part in metadata.version("torch").split("+")[0].split(".")[:2])
root = util.find_spec("torch").submodule_search_locations[0]
needed = ("include/ATen/core/TensorBody.h", "lib/libtorch_cpu.so")
if version < (2, 7) or not all(os.path.exists(os.path.join(root, file)) for file in needed):
    sys.exit(1)
print(root)
P
}

has_requirements() {
  "$1" - "$requirements" 2>/dev/null <<'P'
import importlib.metadata as metadata, sys
for line in open(sys.argv[1]):
    if name := line.split("#")[0].split("==")[0].strip():
        metadata.version(name)
P
}

# A Python that somebody else takes care of and that already has what this mode needs.
find_existing_python() {
  for python in ${VIRTUAL_ENV:+"$VIRTUAL_ENV/bin/python"} "$(command -v python3)"; do
    [ -x "$python" ] || continue
    [ -n "${TORCH_ROOT:-}" ] || torch_of "$python" >/dev/null || continue
    if [ "$mode" = full ]; then has_requirements "$python" || continue; fi
    echo "$python"
    return 0
  done
  return 1
}

install_into_venv() {
  local stamp
  stamp=$venv/.litebench-$mode-$(sha256sum "$requirements" "$0" | sha256sum | cut -c1-16)
  # What is there in full is there for the slim mode too.
  if [ -e "$stamp" ] || [ -e "${stamp/-slim-/-full-}" ]; then return 0; fi
  [ -x "$venv/bin/pip" ] || python3 -m venv "$venv"
  local pip=("$venv/bin/pip" install --quiet --disable-pip-version-check)
  if [ "$mode" = full ]; then
    echo "setup: installing $requirements into .venv (4.7 GB, once)"
    "${pip[@]}" -r "$requirements" || stop "pip could not install $requirements (its message is above)."
  elif [ -z "${TORCH_ROOT:-}" ]; then
    echo "setup: installing LibTorch into .venv (1.3 GB, once)"
    # The three packages whose files libtorch_cpu.so needs at start. `import torch` would need the other 3 GB.
    "${pip[@]}" --no-deps "$(grep '^torch==' "$requirements")" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85 ||
      stop "pip could not install torch (its message is above)." "An existing torch >= 2.7 can be named by TORCH_ROOT=.../site-packages/torch."
  fi
  touch "$stamp"
}

case $mode in slim | full | cluster) ;; *) stop "unknown mode '$mode': slim, full or cluster" ;; esac
install_packages
[ "$mode" != cluster ] || exit 0
if ! python=$(find_existing_python); then
  install_into_venv
  python=$venv/bin/python
fi
torch=${TORCH_ROOT:-$(torch_of "$python")} || stop "no torch >= 2.7 with headers in $python; remove .venv and repeat."
mkdir -p build
printf 'TORCH_ROOT=%q\nLITEBENCH_PYTHON=%q\n' "$torch" "$python" > build/environment
echo "setup: LibTorch in $torch"
