"""extract.py PAGE SOURCE FOLDER: the code blocks of docs/add-a-method.md as files under FOLDER. A block behind
`<!-- file: PATH -->` is the file, one behind `<!-- line: PATH -->` is appended to a copy of SOURCE/PATH."""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"<!-- (file|line): (\S+) -->\n```\w+\n(.*?)```", re.S)


def main(page, source, folder):
    for kind, path, text in BLOCK.findall(Path(page).read_text()):
        target = Path(folder) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text if kind == "file" else (Path(source) / path).read_text() + text)


if __name__ == "__main__":
    main(*sys.argv[1:])
