"""Hosts in network namespaces: each with a name, an address, processes and a cable of its own, all on one file system."""

import os
import shutil
import subprocess
import time
from pathlib import Path


def missing():
    """Why this machine cannot have such hosts, or None."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for program in ("ip", "unshare", "nsenter", "tini"):
        if shutil.which(program) is None:
            return f"{program} is not installed (cmake/setup.sh cluster)"
    if subprocess.run(["unshare", "-m", "-n", "-p", "--fork", "true"], capture_output=True).returncode != 0:
        return "the machine forbids namespaces"
    return None


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Hosts:
    """`names[0]` is the head: its processes have pids of this machine. Ends what it started and nothing else."""

    def __init__(self, folder, count):
        self.folder = Path(folder)
        self.names = [f"lb{i}" for i in range(count)]
        self.mark = f"lbt{os.getpid()}"
        self.shells = {}
        self.inits = {}
        ip("netns", "add", f"{self.mark}-switch")
        self._switch("link", "set", "lo", "up")
        self._switch("link", "add", "br0", "type", "bridge")
        self._switch("link", "set", "br0", "up")
        lines = ["127.0.0.1 localhost", *(f"{self.address(name)} {name}" for name in self.names)]
        (self.folder / "hosts").write_text("\n".join(lines) + "\n")
        for name in self.names:
            self._start(name)

    def address(self, name):
        return f"10.77.0.1{self.names.index(name)}"

    def _switch(self, *arguments):
        ip("-n", f"{self.mark}-switch", *arguments)

    def _start(self, name):
        space, port = f"{self.mark}-{name}", f"p{self.names.index(name)}"
        ip("netns", "add", space)
        self._switch("link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
        self._switch("link", "set", port, "master", "br0", "up")
        ip("-n", space, "addr", "add", f"{self.address(name)}/24", "dev", "eth0")
        ip("-n", space, "link", "set", "eth0", "up")
        ip("-n", space, "link", "set", "lo", "up")
        own_pids = [] if name == self.names[0] else ["-p", "--mount-proc"]
        script = (f"hostname {name}; mount --bind {self.folder}/hosts /etc/hosts; mount -t tmpfs -o size=1g tmpfs /dev/shm; "
                  "exec tini -s -- sleep infinity")
        shell = subprocess.Popen(["ip", "netns", "exec", space, "unshare", "-m", "-u", "-i", *own_pids, "--fork",
                                  "--kill-child", "bash", "-c", script], stdin=subprocess.DEVNULL)
        self.shells[name] = shell
        self.inits[name] = self._init_of(shell)

    @staticmethod
    def _init_of(shell):
        """The process that became tini: the only child of unshare."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            children = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()
            if children and Path(f"/proc/{children[0]}/comm").read_text().strip() == "tini":
                return int(children[0])
            time.sleep(0.02)
        raise RuntimeError("a host did not come up")

    def command(self, name, *arguments):
        own_pids = [] if name == self.names[0] else ["-p"]
        return ["nsenter", "-t", str(self.inits[name]), "-m", "-u", "-i", "-n", *own_pids, f"-w{os.getcwd()}", "--",
                *map(str, arguments)]

    def run(self, name, *arguments, env=None, timeout=120):
        return subprocess.run(self.command(name, *arguments), env=env, capture_output=True, text=True, timeout=timeout)

    def pull_cable(self, name):
        self._switch("link", "set", f"p{self.names.index(name)}", "down")

    def crash(self, name):
        """All processes of the host die at once."""
        os.kill(self.inits[name], 9)
        self.shells.pop(name).wait()

    def down(self):
        for name, shell in self.shells.items():
            shell.kill()    # --kill-child: its host goes with it
            shell.wait()
        for name in [*self.names, "switch"]:
            subprocess.run(["ip", "netns", "del", f"{self.mark}-{name}"], capture_output=True)
