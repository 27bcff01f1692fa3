"""Writes what CPython itself answers (run with CPython 3.11): unicode.json and set_order.json beside this file."""

import json
import pathlib
import random
import sys
import unicodedata

HERE = pathlib.Path(__file__).parent
TEXTS = [
    "", " a ", "\u00c9CLAIR on Stra\u00dfe", "\u0130stanbul", "\u039f\u0394\u03a5\u03a3\u03a3\u0395\u03a5\u03a3", "\u03a3", "A\u03a3 B\u03a3C",
    "\u03a3\u0301", "A\u03a3\u0301", "A\u03a3.", "A\u03a3\u00ad", "\u1e9e", "\u01c5 \u01c4", "\U00010400 DESERET", "\u212a \u212b", "\u2160 \u24b6",
    "\u00a0\u3000left man\u2009\u200b", "\x1c\x1d\x1e\x1fa\x85", "\u180ea\u180e", "\ufeffa", "\u1680 \u2028a\u2029\u205f",
    "e\u0301 \u1100\u1161\u11a8 \u0344 \u2126 \ufb01", "a\u0323\u0307 a\u0307\u0323",
]


def unicode_table():
    scalars = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF and unicodedata.category(chr(c)) != "Cn"]
    return {
        "made_with": "CPython " + sys.version.split()[0] + ", Unicode " + unicodedata.unidata_version,
        "texts": [{"text": t, "lower": t.lower(), "strip": t.strip(), "nfc": unicodedata.normalize("NFC", t)} for t in TEXTS],
        "lower": {c: c.lower() for c in scalars if c.lower() != c},
        "spaces": "".join(c for c in scalars if c.isspace()),
    }


def set_orders():
    rng = random.Random(100)
    cases = []
    for i in range(60):
        size = rng.choice([0, 1, 2, 5, 6, 8, 19, 20, 77, 78, 300, 410, 750])
        top = rng.choice([10, 1000, 600_000, 2**31, 2**61 - 2])
        ids = [rng.randrange(-3 if i % 7 == 0 else 0, top) for _ in range(size)]
        ids += ids[: size // 3]  # images have several refs
        cases.append(ids)
    cases.append([rng.randrange(600_000) // 64 * 64 for _ in range(600)])  # many collisions
    return {"made_with": "CPython " + sys.version.split()[0], "cases": [{"ids": ids, "order": insertion_order(ids)} for ids in cases]}


def insertion_order(ids):
    """Built by inserting one after the other: set(list) inserts the same way."""
    grown = set()
    for i in ids:
        grown.add(i)
    assert list(grown) == list(set(ids))
    return list(grown)


def large_order():
    """Too long to store: a checksum of the order of 60 000 insertions, where tables grow by 2 instead of 4."""
    ids = [(i * 2654435761) % 600_011 for i in range(60_000)]
    checksum = 0
    for i in set(ids):
        checksum = (checksum * 31 + i) % 2**64
    return {"count": len(ids), "multiplier": 2654435761, "modulus": 600_011, "checksum": str(checksum)}


def main():
    (HERE / "unicode.json").write_text(json.dumps(unicode_table(), separators=(",", ":")))
    orders = set_orders()
    orders["large"] = large_order()
    (HERE / "set_order.json").write_text(json.dumps(orders, separators=(",", ":")))


if __name__ == "__main__":
    main()
