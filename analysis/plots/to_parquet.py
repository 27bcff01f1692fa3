#!/usr/bin/env python3
"""The CSV files of `litebench-reduce export` as Parquet beside them: to_parquet.py FOLDER. Exit code 69: no pyarrow."""

import json
import sys
from pathlib import Path

try:
    import pyarrow as arrow
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet
except ImportError:
    print("pyarrow is not installed", file=sys.stderr)
    sys.exit(69)

TEXTS = ("dataset", "split", "variant", "method", "expression", "status", "pass", "sample_id", "mask_hash", "attempt")


def main():
    folder = Path(sys.argv[1])
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in manifest["files"]:
        options = csv.ConvertOptions(column_types={text: arrow.string() for text in TEXTS}, strings_can_be_null=False)
        table = csv.read_csv(folder / name, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=options)
        table = table.replace_schema_metadata({"litebench.fingerprint": manifest["fingerprint"]})
        parquet.write_table(table, folder / f"{Path(name).stem}.parquet")


if __name__ == "__main__":
    main()
