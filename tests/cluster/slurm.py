"""Slurm on hosts of hosts.py: a controller on the head, a daemon on every other host."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from hosts import Hosts

CONF = """\
ClusterName=lb
SlurmctldHost=lb0(10.77.0.10)
SlurmctldPort=16817
SlurmdPort=16818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,requeue_delay=0
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=10
InactiveLimit=0
MinJobAge=300
KillWait=5
Waittime=0
SwitchType=switch/none
TmpFS={folder}/tmp/%n
{nodes}
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def missing():
    for program in ("slurmctld", "slurmd", "munged", "sbatch", "srun"):
        if shutil.which(program) is None and not Path("/usr/sbin", program).exists():
            return f"{program} is not installed (cmake/setup.sh cluster)"
    return None


def ensure_munge():
    """The pid of the daemon that this started, or None when one was running."""
    if subprocess.run(["munge", "-n"], capture_output=True).returncode == 0:
        return None
    subprocess.run(["install", "-d", "-o", "munge", "-g", "munge", "-m", "755", "/run/munge"], check=True)
    subprocess.run(["runuser", "-u", "munge", "--", "/usr/sbin/munged"], check=True)
    deadline = time.monotonic() + 30
    while subprocess.run(["munge", "-n"], capture_output=True).returncode != 0:
        assert time.monotonic() < deadline, "munged does not answer"
        time.sleep(0.1)
    return int(Path("/run/munge/munged.pid").read_text())


class Slurm:
    def __init__(self, folder, workers=3):
        self.folder = Path(folder)
        self.munged = ensure_munge()
        self.hosts = Hosts(self.folder, workers + 1)
        self.workers = self.hosts.names[1:]
        for name in ("state", "log", *(f"{kind}/{host}" for kind in ("spool", "tmp") for host in self.workers)):
            (self.folder / name).mkdir(parents=True)
        nodes = "\n".join(f"NodeName={name} NodeAddr={self.hosts.address(name)} CPUs=2 RealMemory=1000 State=UNKNOWN"
                          for name in self.workers)
        (self.folder / "slurm.conf").write_text(CONF.format(folder=self.folder, nodes=nodes))
        # Nothing of it is mounted or used, but slurmd 22.05 looks for it.
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        self.env = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), "OMP_NUM_THREADS": "1",
                    "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_mpi_yield_when_idle": "1",
                    "OMPI_MCA_oob_tcp_if_include": "eth0", "OMPI_MCA_btl_tcp_if_include": "eth0"}
        self.hosts.run("lb0", "/usr/sbin/slurmctld", "-i", env=self.env).check_returncode()
        for name in self.workers:
            self.hosts.run(name, "/usr/sbin/slurmd", "-N", name, env=self.env).check_returncode()
        self.wait(lambda: self.client("sinfo", "-h", "-t", "idle", "-o", "%D").strip() == str(workers), 60, "idle nodes")

    def client(self, *arguments):
        done = self.hosts.run("lb0", *arguments, env=self.env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @staticmethod
    def wait(condition, seconds, what):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"no {what} after {seconds} s"
            time.sleep(0.2)

    def job(self, number):
        """The fields of a job as Slurm spells them."""
        text = self.client("scontrol", "show", "job", str(number))
        return dict(field.split("=", 1) for field in text.split() if "=" in field)

    def ended(self, number):
        return self.job(number)["JobState"] in ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY")

    def down(self):
        pid_file = self.folder / "slurmctld.pid"
        if pid_file.exists():
            try:
                os.kill(int(pid_file.read_text()), signal.SIGTERM)
            except ProcessLookupError:
                pass
        self.hosts.down()
        if self.munged is not None:
            os.kill(self.munged, signal.SIGTERM)
