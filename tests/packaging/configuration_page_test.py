"""docs/configuration.md names every key that the sources read."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/configuration.md").read_text()


def text_of(*names):
    return "\n".join((ROOT / name).read_text() for name in names)


def documented():
    """Words in backticks in the key column of any table."""
    cells = re.findall(r"^\|(.*)\|$", PAGE, re.MULTILINE)
    return {word for row in cells for cell in row.split("|")[:2] for word in re.findall(r"`([^`]+)`", cell)}


def test_every_key_of_the_configuration_is_explained():
    sources = text_of("harness/config/config.cpp", "harness/config/sweep.cpp")
    read = set(re.findall(r'(?:\.(?:text|texts|integer|integers|boolean|find)|choose)\((?:reader, )?"(\w+)"', sources))
    assert len(read) > 20
    tables = {"run", "model", "data", "protocol", "passes", "tables", "sweep"}
    assert sorted(read - tables - documented()) == []


def test_every_protocol_option_is_explained():
    sources = text_of("shards/protocol/options.cpp")
    options = set(re.findall(r'(?:enumerated|drawn)\("(\w+)"', sources))
    assert len(options) >= 10
    assert sorted(options - documented()) == []
