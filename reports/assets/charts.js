"use strict";
// Draws charts with Observable Plot from the tables beside them: what is drawn is what the table says.
(() => {
  const HEIGHT = 30;
  const KINDS = ["matched", "known", "allowed", "failed"];
  const rowsOf = (chart) => [...document.getElementById(chart.dataset.of).tBodies[0].rows];
  const number = (cell) => Number.parseFloat(cell.textContent.replaceAll(",", ""));
  const names = (rows) => rows.map((row) => row.cells[0].textContent);

  // A label stands above its bar, so that names of any length fit a phone.
  function base(chart, rows, marks, x) {
    const width = Math.max(240, chart.clientWidth);
    const size = width < 500 ? 10 : 12;
    return {
      width,
      height: rows.length * HEIGHT + 68,
      marginLeft: 18,
      marginRight: 34,
      marginTop: 26,
      marginBottom: 42,
      style: { background: "none", fontSize: `${size}px`, fontFamily: "inherit" },
      x: { label: chart.dataset.label, labelAnchor: "center", labelOffset: 38, grid: true, ...x },
      y: { type: "band", axis: null, domain: rows.map((_, index) => index), padding: 0 },
      ariaLabel: `${chart.dataset.label}; the same figures are in the table below`,
      marks: [
        ...marks,
        Plot.text(names(rows), {
          y: (_, index) => index, text: (name) => name, frameAnchor: "left", textAnchor: "start", dy: -7, dx: 2,
          lineWidth: width / size - 4, textOverflow: "ellipsis-middle",
          fill: "currentColor", stroke: "var(--panel)", strokeWidth: 3,
        }),
      ],
    };
  }

  const powers = (low, high) => d3.range(Math.ceil(Math.log10(low)), Math.floor(Math.log10(high)) + 1).map((power) => 10 ** power);
  const plain = (value) => (value >= 1e-3 && value < 1e6 ? String(value) : value.toExponential().replace("+", ""));

  const band = { insetTop: HEIGHT / 2 + 1, insetBottom: 2 };

  const draw = {
    parts(chart) {
      const rows = rowsOf(chart);
      const parts = rows.flatMap((row, index) =>
        row.dataset.parts.split(";").filter(Boolean).map((part) => {
          const [style, count] = part.split(" ");
          return { index, style, count: Number(count) };
        }));
      const totals = rows.map((row) => Number(row.dataset.total));
      return base(chart, rows, [
        Plot.barX(parts, { x: "count", y: "index", fill: (part) => `var(--${part.style})`, ...band }),
        Plot.text(totals, { x: (total) => total, y: (_, index) => index, text: String, textAnchor: "start", dx: 4, dy: 8 }),
        Plot.ruleX([0]),
      ], { nice: true });
    },
    strokes(chart) {
      const rows = rowsOf(chart);
      const points = rows.flatMap((row, index) => KINDS.flatMap((kind) =>
        (row.dataset[kind] ?? "").split(" ").filter(Boolean).map((text) => ({ index, kind, error: Number(text.replace("inf", "Infinity")) }))));
      const finite = points.map((point) => point.error).filter((error) => error > 0 && Number.isFinite(error));
      const low = Math.max(1e-5, Math.min(1e-2, ...finite) / 2);
      const high = Math.min(1e3, Math.max(5, ...finite) * 2);
      const place = (point) => Math.min(Math.max(point.error, low), high);
      return base(chart, rows, [
        Plot.ruleX([1], { stroke: "var(--bad)", strokeDasharray: "3 3" }),
        Plot.tickX(points, { x: place, y: "index", stroke: (point) => `var(--${point.kind}-fill)`, strokeWidth: 2, strokeOpacity: 0.75, ...band }),
      ], { type: "log", domain: [low, high], ticks: powers(low, high), tickFormat: plain });
    },
    dots(chart) {
      const first = Number(chart.dataset.column);
      const runs = d3.range(Number(chart.dataset.span));
      const rows = rowsOf(chart);
      const points = rows.flatMap((row, index) =>
        runs.map((run) => ({ index, run, text: row.cells[first + run].textContent, value: number(row.cells[first + run]) })))
        .filter((point) => point.value > 0);
      if (!points.length) return null;
      const low = 10 ** Math.floor(Math.log10(d3.min(points, (point) => point.value)));
      const high = Math.max(d3.max(points, (point) => point.value), low * 10);
      const place = { x: "value", y: "index", dy: 8 };
      return base(chart, rows, [
        Plot.line(points, { ...place, z: "index", stroke: "var(--quiet)", strokeWidth: 1 }),
        Plot.dot(points, { ...place, r: 4, fill: "var(--partly-fill)", fillOpacity: (point) => (point.run + 1) / runs.length, stroke: "var(--partly-fill)" }),
        Plot.text(points, { ...place, filter: (point) => point.run === runs.length - 1, x: (point) => d3.max(points, (one) => (one.index === point.index ? one.value : 0)), text: "text", textAnchor: "start", dx: 7 }),
      ], { type: "log", domain: [low, high], ticks: powers(low, high), tickFormat: plain });
    },
    bars(chart) {
      const column = Number(chart.dataset.column);
      const rows = rowsOf(chart);
      const values = rows.map((row) => number(row.cells[column]));
      const measured = values.filter((value) => value > 0);
      if (!measured.length) return null;
      const low = 10 ** Math.floor(Math.log10(Math.min(...measured)));
      const high = Math.max(...measured, low * 10);
      return base(chart, rows, [
        Plot.barX(values, { filter: (value) => value > 0, x1: low, x2: (value) => value, y: (_, index) => index, fill: "var(--partly-fill)", ...band }),
        Plot.text(rows.map((row) => row.cells[column].textContent), {
          filter: (_, index) => values[index] > 0, x: (_, index) => values[index], y: (_, index) => index, text: (text) => text, textAnchor: "start", dx: 4, dy: 8,
        }),
      ], { type: "log", domain: [low, high], ticks: powers(low, high), tickFormat: plain });
    },
  };

  function show(chart) {
    const options = draw[chart.dataset.chart](chart);
    chart.hidden = !options;
    if (!options) return;
    const drawing = Plot.plot(options);
    drawing.setAttribute("role", "img");
    for (const part of drawing.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
    chart.replaceChildren(drawing);
  }

  const charts = [...document.querySelectorAll("[data-chart]")];
  charts.forEach(show);
  const widths = new Map(charts.map((chart) => [chart, chart.clientWidth]));
  addEventListener("resize", () => {
    for (const chart of charts) {
      if (chart.clientWidth === widths.get(chart)) continue;
      widths.set(chart, chart.clientWidth);
      show(chart);
    }
  });
})();
