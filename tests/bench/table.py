"""One table of what the benches of `make bench` left as JSON: `table.py FOLDER`. Writes FOLDER/all.json."""

import json
import sys
from pathlib import Path


def target(line):
    return ", ".join(f"at {word} {line[word]:g}" for word in ("least", "most") if line[word] is not None)


def main():
    folder = Path(sys.argv[1])
    benches = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json")) if path.name != "all.json"]
    for bench in benches:
        print(f"{bench['bench']}: {bench['conditions']}")
        for line in bench["lines"]:
            print(f"  {line['name']:<52} {line['value']:8.3f}   {target(line):<16}{'' if line['met'] else 'MISSED'}")
    missed = sum(not line["met"] for bench in benches for line in bench["lines"])
    print(f"{len(benches)} benches, {missed} targets missed")
    (folder / "all.json").write_text(json.dumps(benches, indent=1) + "\n")


if __name__ == "__main__":
    main()
