"use strict";
// Sorting of tables: ascending, descending, as it was.
for (const table of document.querySelectorAll("table.data")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const headings = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.value !== undefined) return Number(cell.dataset.value);
    return cell.textContent === "—" ? null : cell.textContent;
  };
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  };
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const next = { none: "descending", descending: "ascending", ascending: "none" }[heading.getAttribute("aria-sort")];
      for (const other of headings) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", next);
      table.classList.toggle("sorted", next !== "none");
      let rows = original;
      if (next !== "none") {
        const sign = next === "ascending" ? 1 : -1;
        // Empty cells stay at the end either way.
        rows = original.slice().sort((a, b) => {
          const x = value(a, column), y = value(b, column);
          if (x === null || y === null) return (x === null) - (y === null);
          return sign * compare(x, y);
        });
      }
      body.append(...rows);
    });
  });
}

const variant = document.getElementById("by-variant"), kind = document.getElementById("by-kind");
if (variant && kind) {
  const cards = [...document.querySelectorAll(".card")];
  const apply = () => {
    let shown = 0;
    for (const card of cards) {
      const fits = (!variant.value || card.dataset.variant === variant.value) && (!kind.value || card.dataset.kind === kind.value);
      card.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    document.getElementById("shown").textContent = `${shown} of ${cards.length} shown`;
  };
  variant.addEventListener("change", apply);
  kind.addEventListener("change", apply);
  apply();
}

// Paper cannot be unfolded.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll(".table details")) details.open = true;
});

const copy = document.getElementById("copy-entry");
if (copy) {
  copy.addEventListener("click", () => {
    const selection = getSelection();
    selection.selectAllChildren(document.getElementById("entry"));
    copy.textContent = document.execCommand("copy") ? "Copied" : "Selected";
    setTimeout(() => { copy.textContent = "Copy"; }, 2000);
  });
}
