"use strict";
// Draws the graphs of a layer from the tables beside them, with dagre's layout, when they are opened.
(() => {
  const LINE = 15;
  const PADDING = 8;
  const LONGEST = 34;
  const text = (cell) => cell.textContent.replaceAll("\u200b", "").trim();
  const numbers = (cell) => text(cell).split(",").filter((part) => part.trim()).map(Number);
  const short = (name) => (name.length > LONGEST ? `${name.slice(0, LONGEST / 2)}…${name.slice(-LONGEST / 2)}` : name);

  const nodesOf = (table) =>
    [...table.tBodies[0].rows].map((row) => ({
      id: text(row.cells[0]),
      name: text(row.cells[1]),
      family: text(row.cells[2]),
      gives: text(row.cells[3]),
      takes: numbers(row.cells[4]),
      within: text(row.cells[5]),
      style: row.dataset.style,
    }));

  function laidOut(nodes) {
    const graph = new dagre.graphlib.Graph({ compound: true });
    graph.setGraph({ rankdir: "TB", nodesep: 14, ranksep: 24, marginx: 8, marginy: 8 });
    graph.setDefaultEdgeLabel(() => ({}));
    const holders = new Set(nodes.map((node) => node.within).filter(Boolean));
    for (const node of nodes) {
      const lines = [short(node.name), short(node.gives)].filter(Boolean);
      const width = Math.max(...lines.map((line) => line.length)) * 6.6 + 2 * PADDING;
      graph.setNode(node.id, { node, lines, width, height: lines.length * LINE + PADDING });
    }
    // Who holds others is drawn as an operator and as a frame: a frame can have no edges.
    for (const holder of holders) graph.setNode(`frame ${holder}`, {});
    for (const node of nodes) {
      if (node.within) graph.setParent(node.id, `frame ${node.within}`);
      if (holders.has(node.id)) graph.setParent(node.id, `frame ${node.id}`);
    }
    for (const holder of holders) {
      const outer = nodes.find((node) => node.id === holder)?.within;
      if (outer) graph.setParent(`frame ${holder}`, `frame ${outer}`);
    }
    for (const node of nodes) for (const source of node.takes) graph.setEdge(String(source), node.id);
    dagre.layout(graph);
    return graph;
  }

  function draw(place) {
    const nodes = nodesOf(document.getElementById(place.dataset.graph));
    const graph = laidOut(nodes);
    const { width, height } = graph.graph();
    const shown = Math.min(640, Math.max(160, height + 4));
    const operators = nodes.filter((node) => node.style).length;
    const svg = d3.select(place).append("svg")
      .attr("class", "operators").attr("role", "img").attr("width", "100%").attr("height", shown)
      .attr("aria-label", `${place.dataset.label}: ${operators} operators; the table below says the same`);
    const all = svg.append("g");
    const line = d3.line().x((point) => point.x).y((point) => point.y).curve(d3.curveBasis);
    const frames = graph.nodes().filter((id) => id.startsWith("frame ")).map((id) => graph.node(id));
    all.selectAll("rect.frame").data(frames).join("rect").attr("class", "frame")
      .attr("x", (frame) => frame.x - frame.width / 2).attr("y", (frame) => frame.y - frame.height / 2)
      .attr("width", (frame) => frame.width).attr("height", (frame) => frame.height);
    all.selectAll("path").data(graph.edges()).join("path").attr("d", (edge) => line(graph.edge(edge).points));
    const drawn = graph.nodes().filter((id) => !id.startsWith("frame ")).map((id) => graph.node(id));
    const groups = all.selectAll("g.node").data(drawn).join("g").attr("class", "node")
      .attr("transform", (one) => `translate(${one.x - one.width / 2},${one.y - one.height / 2})`);
    groups.append("rect").attr("class", "box").attr("width", (one) => one.width).attr("height", (one) => one.height)
      .attr("rx", (one) => (one.node.style ? 3 : one.height / 2));
    groups.filter((one) => one.node.style).append("rect").attr("width", 4).attr("height", (one) => one.height)
      .attr("rx", 2).style("fill", (one) => `var(--${one.node.style})`);
    groups.append("text").attr("x", PADDING).selectAll("tspan").data((one) => one.lines).join("tspan")
      .attr("x", PADDING).attr("dy", LINE).attr("class", (_, index) => (index ? "gives" : "operator")).text((words) => words);
    groups.append("title").text((one) =>
      [one.node.name, one.node.family && `family: ${one.node.family}`, one.node.gives && `gives: ${one.node.gives}`].filter(Boolean).join("\n"));

    // A wheel without Ctrl scrolls the page, as everywhere else on it.
    const zoom = d3.zoom().scaleExtent([0.05, 4]).filter((event) => (event.type === "wheel" ? event.ctrlKey : !event.button))
      .on("zoom", (event) => all.attr("transform", event.transform));
    svg.call(zoom).on("dblclick.zoom", null);
    const whole = () => {
      const scale = Math.min(1, place.clientWidth / width, shown / height);
      return d3.zoomIdentity.translate((place.clientWidth - width * scale) / 2, 0).scale(scale);
    };
    svg.call(zoom.transform, whole());
    const buttons = d3.select(place).insert("p", "svg").attr("class", "zoom");
    const actions = [["larger", () => svg.call(zoom.scaleBy, 1.4)], ["smaller", () => svg.call(zoom.scaleBy, 1 / 1.4)], ["whole", () => svg.call(zoom.transform, whole())]];
    for (const [name, act] of actions) buttons.append("button").attr("type", "button").text(name).on("click", act);
  }

  for (const details of document.querySelectorAll("details.graph")) {
    const place = details.querySelector(".drawing");
    const once = () => { if (details.open && place && !place.firstChild) draw(place); };
    details.addEventListener("toggle", once);
    once();
  }
})();
