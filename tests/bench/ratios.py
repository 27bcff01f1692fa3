"""What a bench has to say: lines of name, value and target, printed, and written as JSON for the table of `make bench`."""

import json
import os
from pathlib import Path


class Ratios:
    def __init__(self, bench: str, conditions: str):
        self._bench, self._conditions, self._lines = bench, conditions, []
        self._conditions += f", load {os.getloadavg()[0]:.1f}"
        print(f"{bench}: {self._conditions}", flush=True)

    def add(self, name: str, value: float, least: float | None = None, most: float | None = None):
        """A ratio and where it must lie, if anywhere."""
        met = (least is None or value >= least) and (most is None or value <= most)
        target = ", ".join(f"at {word} {bound:g}" for word, bound in (("least", least), ("most", most)) if bound is not None)
        self._lines.append({"name": name, "value": value, "least": least, "most": most, "met": met})
        print(f"  {name:<52} {value:8.3f}   {target}{'' if met else '  MISSED'}", flush=True)

    def finish(self) -> int:
        """The exit code: 1 when a target is missed. Writes $LITEBENCH_BENCH_OUT/BENCH.json where that is set."""
        if folder := os.environ.get("LITEBENCH_BENCH_OUT"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            content = {"bench": self._bench, "conditions": self._conditions, "lines": self._lines}
            (Path(folder) / f"{self._bench}.json").write_text(json.dumps(content, indent=1) + "\n")
        return 0 if all(line["met"] for line in self._lines) else 1
