#!/usr/bin/env python3
"""Draws the first Markdown table of a file as SVG, for the README's picture.

  docs/images/table_svg.py RUN/tables/main.md > docs/images/demo-table.svg
"""

import html
import re
import sys

CHAR, LINE, PAD = 7.3, 22, 14  # pixels: width of a character at 12 px monospace, height of a row, margin


def first_table(text):
    """Rows of cells and, per column, whether it is right-aligned."""
    lines = re.search(r"(?:^\|.*\n?)+", text, re.MULTILINE).group().splitlines()
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    right = [cell.endswith(":") and not cell.startswith(":") for cell in rows[1]]
    return [rows[0]] + rows[2:], right


def cell_svg(cell, x, width, y, right):
    weight = ' font-weight="bold"' if "**" in cell else ""
    text = html.escape(re.sub(r"\\([_*|])", r"\1", cell.replace("**", "").replace("`", "")))
    at = f'x="{x + width:.0f}" text-anchor="end"' if right else f'x="{x:.0f}"'
    return f'<text {at} y="{y}"{weight}>{text}</text>'


def draw(rows, right):
    widths = [max(len(row[i]) for row in rows) * CHAR for i in range(len(right))]
    starts = [PAD + sum(widths[:i]) + 18 * i for i in range(len(widths))]
    total = starts[-1] + widths[-1] + PAD
    height = LINE * len(rows) + 2 * PAD
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total:.0f} {height}" width="{total:.0f}"'
        ' font-family="ui-monospace, DejaVu Sans Mono, monospace" font-size="12" fill="#24292f">',
        f'<rect width="{total:.0f}" height="{height}" rx="6" fill="#ffffff" stroke="#d0d7de"/>',
        f'<line x1="{PAD}" x2="{total - PAD:.0f}" y1="{PAD + LINE - 4}" y2="{PAD + LINE - 4}" stroke="#24292f"/>',
    ]
    for number, row in enumerate(rows):
        y = PAD + LINE * number + 14
        out += [cell_svg(cell, starts[i], widths[i], y, right[i]) for i, cell in enumerate(row)]
    return "\n".join(out + ["</svg>"])


if __name__ == "__main__":
    print(draw(*first_table(open(sys.argv[1]).read())))
