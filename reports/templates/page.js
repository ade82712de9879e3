"use strict";
(() => {
  const form = document.getElementById("filter");
  const fields = { layer: document.getElementById("filter-layer"), path: document.getElementById("filter-path") };
  const table = document.querySelector("table.matrix");
  const columns = table ? [...table.querySelectorAll("th[data-column]")] : [];
  const spans = table ? [...table.querySelectorAll("th[data-span]")] : [];

  const matcher = (field) => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    return (text) => words.every((word) => text.toLowerCase().includes(word));
  };

  function filter() {
    const fits = { layer: matcher(fields.layer), path: matcher(fields.path) };
    for (const element of document.querySelectorAll("[data-layer], [data-path]")) {
      const { layer, path } = element.dataset;
      element.hidden = !((layer === undefined || fits.layer(layer)) && (path === undefined || fits.path(path)));
    }
    const shown = columns.map((column) => fits.path(column.dataset.column));
    columns.forEach((column, index) => { column.hidden = !shown[index]; });
    for (const span of spans) {
      const start = Number(span.dataset.from);
      const count = shown.slice(start, start + Number(span.dataset.span)).filter(Boolean).length;
      span.hidden = count === 0;
      span.colSpan = Math.max(count, 1);
    }
    const rows = table ? [...table.tBodies[0].rows] : [];
    for (const row of rows) shown.forEach((visible, index) => { row.cells[index + 1].hidden = !visible; });
    const few = fields.layer.value.trim() || fields.path.value.trim();
    document.getElementById("filter-count").textContent = few
      ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} layers, ${shown.filter(Boolean).length} of ${shown.length} paths`
      : "";
  }

  function openTarget() {
    const target = document.querySelector(":target");
    if (!target) return;
    const closed = [];
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS" && !at.open) closed.push(at);
    for (const details of closed) details.open = true;
    if (closed.length) target.scrollIntoView();
  }

  const asked = new URLSearchParams(location.search);
  for (const [name, field] of Object.entries(fields)) {
    field.value = asked.get(name) ?? "";
    field.addEventListener("input", filter);
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
  addEventListener("hashchange", openTarget);
  if (location.hash) openTarget();
})();
