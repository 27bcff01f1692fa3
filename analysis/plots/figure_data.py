"""What the figures are drawn from: the cells of tables/*.json, and /units and /bundles of results.h5 where h5py is there."""

import json
import re
from pathlib import Path

STAGES = ("decode", "preprocess", "clip", "select", "project", "prefill", "sam", "mask", "post")


class Run:
    """Numbers of one reduced run by what they mean."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.manifest = json.loads((self.folder / "tables" / "manifest.json").read_text())
        self.fingerprint = self.manifest["fingerprint"]
        self.baseline = self.manifest["made_with"]["baseline"]
        self._cells = {}
        self.variants, self.splits = [], []
        for path in sorted((self.folder / "tables").glob("*.json")):
            if path.name != "manifest.json":
                self._index(json.loads(path.read_text()))
        self.variants.sort(key=lambda v: (self.label(v), -self.budget(v)))

    def _index(self, table):
        for row in table["rows"]:
            for cell in row:
                origin = cell.get("origin")
                if origin is None or origin.get("slice") or not origin["variants"]:
                    continue
                variant, splits = origin["variants"][0], tuple(origin["splits"])
                self._cells.setdefault((origin["metric"], variant, splits, origin.get("protocol", 0)), cell)
                if variant not in self.variants:
                    self.variants.append(variant)
                self.splits += [split for split in splits if split not in self.splits]

    def cell(self, metric, variant, splits=None, protocol=0):
        """The cell of a metric over all splits of the run, or over those given; None when there is none or it is empty."""
        wanted = tuple(self.splits if splits is None else splits)
        for key in ((metric, variant, wanted, protocol), (metric, variant, (), protocol)):
            cell = self._cells.get(key)
            if cell is not None and isinstance(cell["value"], (int, float)):
                return cell
        return None

    def value(self, metric, variant, splits=None):
        cell = self.cell(metric, variant, splits)
        return None if cell is None else cell["value"]

    def interval(self, metric, variant, splits=None):
        cell = self.cell(metric, variant, splits)
        return None if cell is None else cell.get("interval")

    @staticmethod
    def label(variant):
        """The variant without its budget: litelvlm@64[pos=original] is litelvlm[pos=original]."""
        return re.sub(r"@\d+", "", variant)

    def budget(self, variant):
        found = re.search(r"@(\d+)", variant)
        return int(found[1]) if found else int(self.value("tokens", variant) or 576)

    def methods(self):
        """{label: variants by rising budget}"""
        groups = {}
        for variant in self.variants:
            groups.setdefault(self.label(variant), []).append(variant)
        return {label: sorted(group, key=self.budget) for label, group in groups.items()}


def rows_of(run):
    """{table: structured array, "ids": variant ids}, or None where h5py is not installed."""
    try:
        import h5py
    except ImportError:
        return None
    with h5py.File(run.folder / "results.h5") as file:
        rows = {name: file[name][()] for name in ("units", "bundles", "attempts")}
        rows["ids"] = [text.decode() for text in file["variants"]["id"]]
    return rows
