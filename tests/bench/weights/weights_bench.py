"""model.broadcast against every rank reading: `weights_bench.py [ROUNDS]`.

Writes a random checkpoint of geometry mid as published (language model bfloat16, the rest float32) and as one of float32,
each once per made-up machine, so that machines have page caches of their own as real ones do, and lets 4 ranks on 2 such
machines load it in fp32 in turn both ways (weights_bench.cpp).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
import torch  # noqa: E402
from safetensors.torch import save_file  # noqa: E402

from model.pocket import export  # noqa: E402
from model.pocket.geometry import mid  # noqa: E402
from model.pocket.model import Pocket  # noqa: E402

BIN = Path(os.environ.get("LITEBENCH_BIN", ROOT / "build/release/bin"))
RANKS, MACHINES = 4, 2


def write(folder, config, weights):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    save_file(weights, folder / "model.safetensors")


def write_checkpoints(folder):
    torch.manual_seed(0)
    model = Pocket(mid())
    for name, glamm in [("published", export.glamm_weights(model)),
                        ("float32", {n: t.float() for n, t in export.glamm_weights(model).items()})]:
        write(folder / name / "0/glamm", export.glamm_config(mid()), glamm)
        write(folder / name / "0/clip", export.clip_config(mid()), export.clip_weights(model))
        for machine in range(1, MACHINES):
            shutil.copytree(folder / name / "0", folder / name / str(machine))


def main():
    rounds = sys.argv[1] if len(sys.argv) > 1 else "5"
    # Beside the programs: /tmp may be memory, from which nothing is read.
    with tempfile.TemporaryDirectory(dir=BIN.parent) as folder:
        write_checkpoints(Path(folder))
        command = ["mpirun", "-n", str(RANKS), "--oversubscribe", "--bind-to", "none", BIN / "weights_bench", folder, rounds]
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
                     "LITEBENCH_RANKS_PER_NODE": str(RANKS // MACHINES)}
        return subprocess.run(command, env=variables, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
