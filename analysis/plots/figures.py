#!/usr/bin/env python3
"""Figures of a reduced run: RUN/figures/NAME.{pdf,png,svg} and index.json. `litebench-reduce report RUN` starts this.

    figures.py RUN [--output FOLDER]

Needs matplotlib; h5py for times per stage and scaling. Exit code 69: a package is missing, and which."""

import argparse
import json
import re
import sys
from pathlib import Path

try:
    import matplotlib
except ImportError:
    print("matplotlib is not installed", file=sys.stderr)
    sys.exit(69)

from charts import CHARTS
from figure_data import Run

INK = "#1b1f24"  # what becomes the page's own text colour in the SVG
matplotlib.rcParams.update({
    "font.family": "sans-serif", "font.size": 10, "text.color": INK, "axes.edgecolor": INK, "axes.labelcolor": INK,
    "xtick.color": INK, "ytick.color": INK, "grid.color": "#9AA0A6", "pdf.fonttype": 42, "svg.fonttype": "none",
})


def inline_svg(text, name):
    """Without the prologue, with ids of its own, and in the colours of the page around it."""
    text = text[text.index("<svg"):]
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return text.replace(INK, "currentColor")


def save(figure, name, folder, fingerprint):
    title = f"litebench {name}, run {fingerprint}"
    figure.savefig(folder / f"{name}.pdf", metadata={"Title": title, "CreationDate": None})
    figure.savefig(folder / f"{name}.png", dpi=200, metadata={"Title": title})
    matplotlib.rcParams["svg.hashsalt"] = name
    path = folder / f"{name}.svg"
    figure.savefig(path, transparent=True, metadata={"Title": title, "Date": None})
    path.write_text(inline_svg(path.read_text(encoding="utf-8"), name), encoding="utf-8")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("run", type=Path)
    options.add_argument("--output", type=Path)
    arguments = options.parse_args()
    folder = arguments.output or arguments.run / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(arguments.run)
    figures = []
    for name, chart in CHARTS.items():
        drawn = chart(run)
        if drawn is None:
            continue
        figure, title, alt = drawn
        save(figure, name, folder, run.fingerprint)
        figures.append({"name": name, "title": title, "alt": alt})
    index = {"schema": 1, "fingerprint": run.fingerprint, "figures": figures}
    (folder / "index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")
    print(f"{len(figures)} figures in {folder}")


if __name__ == "__main__":
    main()
