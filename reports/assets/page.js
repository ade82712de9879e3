"use strict";
// What every page does: filters, cells that arrow keys reach, buttons that copy.
(() => {
  const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (text, wanted) => wanted.every((word) => text.toLowerCase().includes(word));
  const table = document.querySelector("table.matrix");
  const rows = table ? [...table.tBodies[0].rows] : [];
  const columns = table ? [...table.querySelectorAll("th[data-column]")] : [];
  const spans = table ? [...table.querySelectorAll("th[data-span]")] : [];

  // A cell leads to its account; written into the page, fifteen thousand links would be half of it.
  for (const row of rows) {
    const target = row.cells[0].querySelector("a")?.getAttribute("href");
    if (target) [...row.cells].slice(1).forEach((cell, index) => { cell.firstElementChild.href = `${target}#${columns[index].dataset.anchor}`; });
  }

  function filter(form) {
    const value = (name) => form.elements[name]?.value ?? "";
    const layer = words(value("layer"));
    const path = words(value("path"));
    const standing = value("standing");
    for (const element of document.querySelectorAll("[data-layer], [data-path]")) {
      const { layer: of, path: on } = element.dataset;
      element.hidden = !((of === undefined || fits(of, layer)) && (on === undefined || fits(on, path)));
    }
    const best = value("routes") === "best" && !path.length && !standing;
    if (table) filterMatrix(path, standing, best);
    const few = layer.length || path.length || standing || best;
    form.querySelector("output").textContent = few ? said(form) : "";
  }

  function filterMatrix(path, standing, best) {
    const columnFits = columns.map((column) => fits(column.dataset.column, path) && (!best || "best" in column.dataset));
    const isIt = (row, index) => !standing || row.cells[index + 1].classList.contains(standing);
    for (const row of rows) if (!row.hidden) row.hidden = !columnFits.some((fit, index) => fit && isIt(row, index));
    const left = rows.filter((row) => !row.hidden);
    const shown = columnFits.map((fit, index) => fit && (!standing || left.some((row) => isIt(row, index))));
    columns.forEach((column, index) => { column.hidden = !shown[index]; });
    for (const row of rows) {
      shown.forEach((visible, index) => {
        row.cells[index + 1].hidden = !visible;
        row.cells[index + 1].classList.toggle("other", !isIt(row, index));
      });
    }
    for (const span of spans) {
      const start = Number(span.dataset.from);
      const count = shown.slice(start, start + Number(span.dataset.span)).filter(Boolean).length;
      span.hidden = count === 0;
      span.colSpan = Math.max(count, 1);
    }
    reach();
  }

  function said(form) {
    const count = (all) => `${all.filter((one) => !one.hidden).length} of ${all.length}`;
    if (table) return `${count(rows)} layers, ${count(columns)} paths`;
    const beside = [...form.parentElement.querySelectorAll("tbody tr:not(.group)")];
    return `${count(beside)} rows`;
  }

  for (const form of document.querySelectorAll("form.filter")) {
    const asked = new URLSearchParams(location.search);
    for (const field of form.querySelectorAll("input, select")) {
      const first = field.value;
      if (asked.has(field.name)) field.value = asked.get(field.name);
      if (field.selectedIndex === -1) field.value = first;
      field.addEventListener("input", () => filter(form));
    }
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    filter(form);
  }

  // One cell is in the order of the Tab key; arrow keys go on from there.
  function reach(to) {
    const seen = rows.filter((row) => !row.hidden).map((row) => [...row.cells].slice(1).filter((cell) => !cell.hidden));
    const links = seen.map((cells) => cells.map((cell) => cell.firstElementChild)).filter((cells) => cells.length);
    for (const link of table.querySelectorAll("td > a")) link.tabIndex = -1;
    const first = to ?? links[0]?.[0];
    if (first) first.tabIndex = 0;
    return links;
  }

  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  table?.addEventListener("keydown", (event) => {
    const link = event.target.closest("td > a");
    const step = STEPS[event.key];
    if (!link || !step) return;
    const links = reach(link);
    const row = links.findIndex((cells) => cells.includes(link));
    const next = links[row + step[0]]?.[links[row].indexOf(link) + step[1]];
    if (next) {
      reach(next);
      next.focus();
    }
    event.preventDefault();
  });

  // A cell says where it is when the pointer is over it; written into the page, that would double its size.
  table?.addEventListener("pointerover", (event) => {
    const cell = event.target.closest("td");
    if (!cell || cell.title) return;
    const { layer } = cell.parentElement.dataset;
    cell.title = `${layer} on ${columns[cell.cellIndex - 1].title}: ${cell.textContent.replaceAll("\u00ad", "")}`;
  });

  for (const text of document.querySelectorAll("pre[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(text);
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Selected";
      }
    });
    text.before(button);
  }
})();
