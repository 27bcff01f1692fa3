"""The LaTeX of every table goes through pdflatex without errors."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BIN = Path(os.environ["LITEBENCH_BIN"])

DOCUMENT = r"""\documentclass[twocolumn]{article}
\usepackage[a4paper,landscape,margin=1cm]{geometry}
\usepackage[utf8]{inputenc}
\usepackage{booktabs,graphicx,longtable}
\begin{document}
%s
\end{document}
"""


def compiled(tables, folder):
    """The log of pdflatex over all .tex files of a folder of tables; FOLDER/tables.pdf is there to be looked at."""
    parts = []
    for table in sorted(tables.glob("*.tex")):
        text = table.read_text()
        # longtable wants one column.
        parts.append(r"\onecolumn" + "\n" + text if r"\begin{longtable}" in text else r"\twocolumn" + "\n" + text)
    (folder / "tables.tex").write_text(DOCUMENT % "\n\\clearpage\n".join(parts))
    for _ in range(2):  # longtable finds its widths in the second pass
        done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "tables.tex"], cwd=folder, capture_output=True,
                              text=True, errors="replace")
        assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def pdf(tmp_path_factory):
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex here; cmake/setup.sh full installs texlive-latex-recommended")
    run = tmp_path_factory.mktemp("run")
    subprocess.run([BIN / "analysis_make_large_run", run, "30", "3", "10"], check=True)
    done = subprocess.run([BIN / "litebench-reduce", run, "--reference", "litelvlm-icml26"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return run / "tables.pdf", compiled(run / "tables", run)


def test_every_table_compiles(pdf):
    path, log = pdf
    assert path.stat().st_size > 20_000
    assert "Undefined" not in log and "Missing character" not in log


def test_no_table_is_wider_than_the_page(pdf):
    _, log = pdf
    wide = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt too wide\)", log)]
    assert max(wide, default=0) < 20, wide
