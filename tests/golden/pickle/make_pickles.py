"""Writes the pickles of this folder with CPython's own pickle module (run with CPython 3.11).

plain_N.p    one value of every kind a refs file holds, protocol N
ordered_N.p  an OrderedDict with an attribute, as torch writes state dicts
system_N.p   would run a shell command if it were loaded with pickle.load
python2.p    protocol 0 as CPython 2.7 writes it: byte strings with escapes, L suffixes (written by hand, loads in Python 3)
"""

import collections
import os
import pathlib
import pickle

HERE = pathlib.Path(__file__).parent
SHARED = ["shared", 1]
PLAIN = {
    "none": None,
    "booleans": [True, False],
    "integers": [0, 1, 255, 256, 65535, 65536, -1, 2**31 - 1, -(2**31), 2**31, 2**62, -(2**63)],
    "reals": [0.5, -1e300, float("inf")],
    "texts": ["", "left \u00e9l\u00e8ve \u4e2d \U0001f600", "a\\u0041b\n'\"", "x" * 300],
    "bytes": b"\x00\xff",
    "tuples": [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)],
    "shared": [SHARED, SHARED],
    "nested": [[[[]]], {"a": {"b": [{}]}}],
}


class Shell:
    def __reduce__(self):
        return os.system, ("echo pwned",)


def main():
    ordered = collections.OrderedDict([("b", 1), ("a", [2])])
    ordered._metadata = {"version": 1}
    for protocol in range(5):
        plain = dict(PLAIN)
        if protocol < 3:  # bytes become a call of _codecs.encode there
            del plain["bytes"]
        for name, value in ("plain", plain), ("ordered", ordered), ("system", Shell()):
            (HERE / f"{name}_{protocol}.p").write_bytes(pickle.dumps(value, protocol))
    python2 = b"(lp0\nS'it\\'s \\xe9 \\\\ \\t'\np1\naL12345678901L\naI01\naF0.5\naVna\\u00efve \xe9\np2\na."
    assert pickle.loads(python2, encoding="latin-1") == ["it's \xe9 \\ \t", 12345678901, True, 0.5, "na\xefve \xe9"]
    (HERE / "python2.p").write_bytes(python2)


if __name__ == "__main__":
    main()
