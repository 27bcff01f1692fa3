"""docs/methods.md is what the program writes."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "harness/run"))
from support import ROOT, run  # noqa: E402


def page():
    done = run("list", "methods", "--markdown")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_is_the_one_the_program_writes():
    written = (ROOT / "docs/methods.md").read_text()
    assert written == page(), "run: litebench list methods --markdown > docs/methods.md"


def test_every_listed_method_has_a_section_with_what_it_does_and_costs():
    text = page()
    listed = [line.split()[0] for line in run("list", "methods").stdout.splitlines() if not line.startswith(" ")]
    listed.remove("outside")  # the methods of others have a page of their own
    assert len(listed) > 20
    sections = text.split("\n## ")[1:]
    assert [section.split("\n")[0] for section in sections] == listed
    for section in sections:
        about = section.split("\n")[2]
        assert len(about.split()) > 8, section
        for row in ("fidelity", "sees", "depends on the text", "budgets", "native order, positions", "MACs"):
            assert f"\n| {row} | " in section, (row, section)


def test_the_costs_are_those_of_the_closed_forms():
    """Worked out by hand for GLaMM-7B: CLIP 1024 wide, joint space 768, 4096 behind the projector."""
    sections = {s.split("\n")[0]: s for s in page().split("\n## ")[1:]}
    joint = 576 * 1024 * 768
    layer = 4 * 768**2 * 20 + 2 * 20**2 * 768 + 2 * 768 * 3072 * 20
    text = 12 * layer + 768 * 768
    see, select = (joint + text) * 1e-9, 576 * 768 * 1e-9
    assert f"{see:.3f} G to see it + {select:.3f} G to select" in sections["sim_low"]
    qkv = 3 * 577 * 1024**2
    assert f"{(joint + text + qkv) * 1e-9:.3f} G to see it" in sections["litelvlm"]
    gram = 576**2 * 4096
    projector = (576 - 192) * (1024 * 4096 + 4096 * 4096)
    assert f"{projector * 1e-9:.3f} G to see it + {gram * 1e-9:.3f} G to select" in sections["divprune"]
    tokens = 576 + 128
    prefill = 32 * tokens * (4 * 4096**2 + 3 * 4096 * 11008) + 32 * 2 * tokens**2 * 4096
    assert f"{100 * (projector + gram) / prefill:.2f} % of the unpruned prefill" in sections["divprune"]
    assert f"{prefill * 1e-12:.2f} T" in page()
