// The explorer's charts. What the reader chooses stands in the form controls, and from there in the
// address; everything is drawn from both anew.
"use strict";

const facts = JSON.parse(document.getElementById("facts").textContent);
const groups = Object.fromEntries(facts.groups.map((group) => [group.key, group]));
const controls = Object.fromEntries([...document.querySelectorAll("[name]:not(meta)")].map((one) => [one.name, one]));
const WIDEST_SHARE = 0.15, TILES = 24;
const { NO_GUESS, WEIGHT_SHADES, IMAGE_SHADES } = facts.shades;
let buffer, verdict = "";

// --- arrays -------------------------------------------------------------------------------------

async function unpacked(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

function array({ type, at, shape }) {
  const kinds = { uint8: Uint8Array, uint32: Uint32Array, float32: Float32Array };
  return new kinds[type](buffer, at, shape.reduce((product, n) => product * n, 1));
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// The positions of the chosen seeds: one, or all where all are chosen or the group has no such seed.
function chosen(group) {
  const one = group.seeds.indexOf(Number(controls.seed.value));
  return controls.seed.value !== "all" && one >= 0 ? [one] : group.seeds.map((_, i) => i);
}

function seedsInWords(group) {
  const of = chosen(group);
  if (of.length === 1) return `seed ${group.seeds[of[0]]}`;
  return group.runs > of.length ? `first ${of.length} of ${group.runs} seeds` : `${of.length} seeds`;
}

// --- what stands in a chart ---------------------------------------------------------------------

// A line: mean over the chosen seeds at each step, and their range, as far as the run of each goes;
// beyond, it would be the mean of others.
function averaged(group, kind, value) {
  const x = array(group.curves[kind].steps), of = chosen(group);
  const line = { x: [], y: [], low: [], high: [] }, at = (seed, i) => value(seed * x.length + i);
  const end = Math.min(...of.map((seed) => x.findLastIndex((_, i) => !Number.isNaN(at(seed, i)))));
  for (let i = 0; i <= end; i++) {
    const here = of.map((seed) => at(seed, i)).filter((one) => !Number.isNaN(one));
    if (here.length) add(line, x[i], here);
  }
  return { ...line, file: `${group.folders[of[0]]}/history.parquet` };
}

function curve(group, kind) {
  const values = array(group.curves[kind].values);
  return averaged(group, kind, (place) => values[place]);
}

// Training minus validation accuracy, which have the same steps.
function gap(group) {
  const [training, validation] = ["training", "validation"].map((split) => array(group.curves[`${split} accuracy`].values));
  return averaged(group, "training accuracy", (place) => training[place] - validation[place]);
}

function add(line, x, values) {
  line.x.push(x);
  line.y.push(mean(values));
  line.low.push(Math.min(...values));
  line.high.push(Math.max(...values));
}

// What of its name tells a group from the others of its task.
function shortName(group) {
  const task = facts.groups.filter((one) => one.task === group.task);
  const differ = (key) => task.some((one) => one[key] !== group[key]);
  const parts = [differ("lambda") && `λ = ${group.lambda}`, differ("variant") && group.variant].filter(Boolean);
  return parts.join(", ") || group.task;
}

function sides() {
  const [a, b] = [groups[controls.a.value], groups[controls.b.value]];
  return a === b ? [["a", a]] : [["a", a], ["b", b]];
}

function curveLines(metric) {
  const lines = [], shown = sides().map(([, group]) => group);
  if (controls.others.value === "task") {
    for (const group of facts.groups) {
      if (group.task !== shown[0].task || shown.includes(group)) continue;
      const line = metric === "gap" ? gap(group) : curve(group, `validation ${metric}`);
      lines.push({ ...line, low: null, tone: "other", style: metric === "gap" ? "thin" : "thin dashed", label: shortName(group), name: group.name });
    }
  }
  for (const [side, group] of sides()) {
    const name = `${side.toUpperCase()} (${group.name})`, upper = side.toUpperCase();
    if (metric === "gap") lines.push({ ...gap(group), tone: side, style: "", label: upper, name });
    else for (const split of ["training", "validation"]) {
      const style = split === "validation" ? "dashed" : "";
      lines.push({ ...curve(group, `${split} ${metric}`), tone: side, style, label: `${upper} ${split}`, name: `${name}, ${split}` });
    }
  }
  return lines;
}

function curveChart(id, title, unit, log) {
  const lines = curveLines(id), steps = Math.max(...lines.map((line) => line.x.at(-1) ?? 0));
  const [first, last] = [controls.from, controls.to].map((one) => Number(one.value)).sort((p, q) => p - q);
  const from = Math.min(first, 95), x = [from, Math.max(last, from + 5)].map((percent) => (percent / 100) * steps);
  const settled = controls.height.value === "settled" ? x[0] + 0.1 * (x[1] - x[0]) : x[0];
  drawChart(id, { title, lines, x, log, settled, xTitle: "step (mini-batch update)", yTitle: unit, at: (value) => `step ${Math.round(value).toLocaleString("en")}` });
}

// All runs of A's task over lambda; where there is but one, over what else tells them apart.
function lambdaChart(id, title, unit, series) {
  const task = facts.groups.filter((group) => group.task === groups[controls.a.value].task);
  const lambdas = [...new Set(task.map((group) => group.lambda))].sort((p, q) => p - q);
  const variants = [...new Set(task.map((group) => group.variant))], lines = [];
  const byVariant = lambdas.length === 1 && variants.length > 1, names = byVariant ? variants : lambdas;
  const place = (group) => names.indexOf(byVariant ? group.variant : group.lambda);
  for (const variant of byVariant ? [null] : variants) {
    series.forEach(([name, tone, style]) => {
      const line = { x: [], y: [], low: [], high: [], tone, style, points: [], apart: byVariant };
      const members = task.filter((one) => byVariant || one.variant === variant);
      for (const group of members.sort((p, q) => place(p) - place(q))) {
        const at = place(group), values = group.over_lambda[name];
        add(line, at, values);
        values.forEach((value, i) => line.points.push({ x: at, y: value, name: `${group.name}, seed ${group.seeds[i]}, ${name}`, file: `${group.folders[i]}/metrics.parquet` }));
      }
      const label = [series.length > 1 && name, !byVariant && variants.length > 1 && variant].filter(Boolean).join(", ");
      lines.push({ ...line, label: label || "mean", name: `mean of ${[name, variant].filter(Boolean).join(", ")}` });
    });
  }
  const marks = sides().filter(([, group]) => task.includes(group)).map(([side, group]) => ({ side, x: place(group) }));
  const over = byVariant ? "order of the images" : "λ";
  drawChart(id, { title: `${title} against ${over}`, lines, marks, x: [-0.5, names.length - 0.5], settled: -1, xTitle: byVariant ? over : "λ (weight of the L2 term)", yTitle: unit, xTicks: names.map((text, value) => ({ value, text })), at: (value) => (byVariant ? names[value] : `λ = ${names[value]}`) });
}

// --- a chart ------------------------------------------------------------------------------------

function ticks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-9) + 1e-12; k++) found.push(k * step);
  return found;
}

function logTicks(low, high) {
  const found = [], first = Math.floor(Math.log10(low)), last = Math.log10(high);
  // Of many decades the powers of ten alone, and of very many every so manieth.
  const digits = last - first > 4 ? [1] : [1, 2, 5], apart = Math.max(1, Math.ceil((last - first) / 10));
  for (let power = first; power <= last; power += apart) {
    for (const n of digits) if (n * 10 ** power >= low && n * 10 ** power <= high) found.push(n * 10 ** power);
  }
  return found.length > 2 ? found : ticks(low, high, 5);
}

function number(value, digits = 4) {
  const rounded = Number(value.toPrecision(digits));
  return (Math.abs(rounded) < 1e6 ? String(rounded) : rounded.toExponential()).replace("+", "").replaceAll("-", "−");
}

function yRange(lines, x, settled, log) {
  const values = [];
  for (const line of lines) {
    line.x.forEach((at, i) => {
      if (at < Math.max(x[0], Math.min(settled, line.x.at(-1))) || at > x[1]) return;
      values.push(line.low ? line.low[i] : line.y[i], line.low ? line.high[i] : line.y[i]);
    });
  }
  // A loss on its way to divergence may be beyond the numbers that curves are packed in.
  const usable = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (!usable.length) return log ? [0.1, 1] : [0, 1];
  const low = Math.min(...usable), high = Math.max(...usable);
  if (log) return [low / 1.05, high * 1.05];
  const room = 0.04 * (high - low) || 0.01 * Math.abs(high) || 0.01;
  return [low - room, high + room];
}

function escaped(text) {
  return String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function drawChart(id, { title, lines, marks = [], x, log, settled, xTitle, yTitle, xTicks, at }) {
  const figure = document.getElementById(id);
  figure.innerHTML ||= `<h4></h4><div class="chart" role="group" tabindex="0"></div><p class="readout" role="status"></p>`;
  const [heading, chart, readout] = figure.children;
  heading.textContent = title;
  chart.setAttribute("aria-label", `${title}: ${lines.map((line) => line.name).join("; ")}. The arrow keys go along the curves.`);
  readout.textContent = "Point at a curve, or go along it with the arrow keys.";
  const width = Math.max(260, figure.clientWidth || 560), height = 270, left = 52, top = 18, tall = xTicks?.some(({ text }) => text.includes(" ")) ? 12 : 0, bottom = (marks.length ? 50 : 36) + tall;
  const longest = Math.max(...lines.map((line) => line.label.length));
  // A third of the width at most, but more where names would be cut to the same.
  const short = lines.map((line) => cut(line.label, width * 0.3)), alike = new Set(short).size < new Set(lines.map((line) => line.label)).size;
  const right = Math.min(longest * 6 + 12, width * (alike ? 0.5 : 0.3));
  const w = width - left - right, h = height - top - bottom;
  const y = yRange(lines, x, settled, log), scale = log ? Math.log : (value) => value;
  const px = (value) => ((value - x[0]) / (x[1] - x[0] || 1)) * w;
  const py = (value) => h - ((scale(value) - scale(y[0])) / (scale(y[1]) - scale(y[0]))) * h;
  const point = (value, level) => `${px(value).toFixed(1)},${Math.max(-1e4, Math.min(1e4, py(level))).toFixed(1)}`;

  const parts = [`<text x="0" y="10" class="faint">${escaped(yTitle)}</text>`,
    `<text x="${left + w / 2}" y="${height - 4}" text-anchor="middle" class="faint">${escaped(xTitle)}</text>`];
  const levels = log ? logTicks(...y) : ticks(...y, 5), [one, next] = levels;
  // As many digits as tell a level from the next one.
  const digits = Math.min(15, Math.max(4, Math.ceil(Math.log10(Math.abs(one) / (next - one))) + 1 || 0));
  for (const level of levels) {
    const place = top + py(level);
    parts.push(`<line class="grid" x1="${left}" x2="${left + w}" y1="${place}" y2="${place}"/>`, `<text x="${left - 6}" y="${place + 4}" text-anchor="end">${number(level, digits)}</text>`);
  }
  const along = xTicks ?? ticks(...x, Math.max(2, Math.floor(w / 80))).map((value) => ({ value, text: value.toLocaleString("en") }));
  // Names of several words stand in two lines; of many, every so manieth is written.
  const widest = Math.max(...along.flatMap(({ text }) => (tall ? text.split(" ") : [text])).map((text) => text.length));
  const thin = Math.max(1, Math.ceil((along.length * (widest * 6.2 + 6)) / w));
  for (const { value, text } of along.filter((_, i) => i % thin === 0)) {
    const words = tall ? text.split(" ") : [text], at = left + px(value);
    parts.push(`<text class="tick" y="${top + h + 16}" text-anchor="middle">${words.map((word, i) => `<tspan x="${at}" dy="${i && 12}">${escaped(word)}</tspan>`).join(" ")}</text>`);
  }
  for (const { side, x: place } of marks) {
    const shift = marks.length > 1 && marks[0].x === marks[1].x ? (side === "a" ? -8 : 8) : 0;
    parts.push(`<text class="label ${side}" x="${left + px(place) + shift}" y="${top + h + 29 + tall}" text-anchor="middle" font-weight="bold">${side.toUpperCase()}</text>`);
  }
  // A nested svg cuts what leaves the axes.
  parts.push(`<svg x="${left}" y="${top}" width="${w}" height="${h}" style="overflow: hidden">`);
  for (const line of lines) {
    const shown = line.x.map((_, i) => i).filter((i) => !log || line.y[i] > 0);
    // Between variants there is nothing to be drawn: a mean is a mark of its own.
    if (line.low && !line.apart && shown.some((i) => line.high[i] > line.low[i])) {
      const floor = (i) => (log ? Math.max(line.low[i], y[0] / 10) : line.low[i]);
      const edge = [...shown.map((i) => point(line.x[i], line.high[i])), ...shown.toReversed().map((i) => point(line.x[i], floor(i)))];
      parts.push(`<path class="band ${line.tone}" d="M${edge.join("L")}Z"/>`);
    }
    if (line.apart) for (const i of shown) parts.push(`<path class="line ${line.tone}" d="M${(px(line.x[i]) - 12).toFixed(1)},${py(line.y[i]).toFixed(1)}h24"/>`);
    else if (shown.length) parts.push(`<path class="line ${line.tone} ${line.style}" d="M${shown.map((i) => point(line.x[i], line.y[i])).join("L")}"/>`);
    for (const one of line.points ?? []) parts.push(`<circle class="${line.tone}" cx="${px(one.x)}" cy="${py(one.y)}" r="2.5" opacity=".6"/>`);
  }
  parts.push(`</svg>`, labels(lines, x, y, left + w + 5, top, h, py, right), `<g class="at"></g>`);
  chart.innerHTML = `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${parts.join("")}</svg>`;
  listen(chart, readout, { lines, x, px, py, left, top, w, h, width, at });
}

// What of a text fits into so many pixels.
function cut(text, room) {
  const most = Math.floor((room - 6) / 5.6);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

// The name of each line at its end, pushed apart where they would cover each other.
function labels(lines, x, y, place, top, h, py, room) {
  const all = lines.map((line) => {
    let end = line.x.length - 1;
    while (end > 0 && line.x[end] > x[1]) end--;
    return { line, y: Math.min(h, Math.max(0, py(line.y[end] > 0 || y[0] < 0 ? line.y[end] : y[0]))) };
  });
  // Of more than fit, A's and B's come first, and of the others those that are apart from these.
  const free = (one, kept) => kept.every((other) => Math.abs(other.y - one.y) >= 12);
  const first = all.toSorted((p, q) => (p.line.tone === "other") - (q.line.tone === "other"));
  const fitting = first.reduce((kept, one) => (one.line.tone !== "other" || free(one, kept) ? [...kept, one] : kept), []);
  const wanted = (all.length * 12 > h ? fitting.slice(0, Math.floor(h / 12)) : all).sort((p, q) => p.y - q.y);
  wanted.forEach((one, i) => { if (i) one.y = Math.max(one.y, wanted[i - 1].y + 12); });
  for (let i = wanted.length - 1, limit = h + 4; i >= 0; i--) limit = (wanted[i].y = Math.min(wanted[i].y, limit)) - 12;
  return wanted.map(({ line, y: level }) => `<text class="label ${line.tone}" x="${place}" y="${(top + level + 4).toFixed(1)}">${escaped(cut(line.label, room))}</text>`).join("");
}

// The crosshair: by pointer it goes to the nearest point, by keys along a line and between lines.
function listen(chart, readout, { lines, x, px, py, left, top, w, h, width, at }) {
  const every = lines.flatMap((line) => [
    ...(line.points ?? []).map((one) => ({ ...one, tone: line.tone })),
    ...line.x.map((value, i) => ({ line, i, x: value, y: line.y[i], tone: line.tone, name: line.name, file: line.file })),
  ]).filter((one) => one.x >= x[0] && one.x <= x[1] && py(one.y) >= -1 && py(one.y) <= h + 1);
  let current;

  function show(one) {
    if (!one) return;
    current = one;
    const cx = left + px(one.x), cy = top + py(one.y);
    chart.querySelector(".at").innerHTML = `<line class="cross" x1="${cx}" x2="${cx}" y1="${top}" y2="${top + h}"/><line class="cross" x1="${left}" x2="${left + w}" y1="${cy}" y2="${cy}"/><circle class="${one.tone}" cx="${cx}" cy="${cy}" r="4.5"/>`;
    const others = lines.filter((line) => line !== one.line && line.label).map((line) => {
      const i = line.x.findLastIndex((value) => value <= one.x);
      return i < 0 || line.x.at(-1) < one.x ? "" : `${line.label}: ${number(line.y[i])}`;
    }).filter(Boolean);
    const range = one.line?.low && one.line.high[one.i] > one.line.low[one.i] ? ` (${number(one.line.low[one.i])} to ${number(one.line.high[one.i])})` : "";
    readout.innerHTML = `<b>${escaped(one.name)}: ${number(one.y)}${range}</b> at ${escaped(at(one.x))}. ${escaped(others.join(", "))}${one.file ? `<br><code>${escaped(one.file)}</code>` : ""}`;
  }

  chart.onpointermove = chart.onpointerdown = (event) => {
    const box = chart.getBoundingClientRect(), ratio = width / box.width;
    const pointer = [(event.clientX - box.left) * ratio - left, (event.clientY - box.top) * ratio - top];
    let nearest, least = Infinity;
    for (const one of every) {
      const distance = (px(one.x) - pointer[0]) ** 2 + (py(one.y) - pointer[1]) ** 2;
      if (distance < least) [nearest, least] = [one, distance];
    }
    show(nearest);
  };
  chart.onkeydown = (event) => {
    const line = current?.line ?? lines.at(-1), along = every.filter((one) => one.line === line);
    const place = along.indexOf(current), others = lines.filter((one) => every.some((other) => other.line === one));
    const turn = (by) => others[(others.indexOf(line) + by + others.length) % others.length];
    const moved = {
      ArrowRight: () => along[Math.min(along.length - 1, place + 1)],
      ArrowLeft: () => along[Math.max(0, place < 0 ? along.length - 1 : place - 1)],
      Home: () => along[0],
      End: () => along.at(-1),
      ArrowUp: () => closest(turn(-1)),
      ArrowDown: () => closest(turn(1)),
    }[event.key];
    if (!moved) return;
    event.preventDefault();
    show(moved());
  };
  const closest = (line) => every.filter((one) => one.line === line)
    .reduce((best, one) => (Math.abs(one.x - (current?.x ?? x[0])) < Math.abs(best.x - (current?.x ?? x[0])) ? one : best));
}

// --- pictures and tables ------------------------------------------------------------------------

function picture(rows, columns, rgb, label) {
  const canvas = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  const image = new ImageData(columns, rows);
  for (let i = 0; i < rows * columns; i++) image.data.set([...rgb(i), 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  const figure = document.createElement("figure");
  figure.append(canvas, document.createElement("figcaption"));
  return figure;
}

const mixed = (from, to, share) => from.map((value, i) => value + (to[i] - value) * share);
const WHITE = [255, 255, 255], BLUE = [33, 102, 172], RED = [178, 24, 43];

function heading(side, group) {
  return `<h4><span class="side ${side}">${side.toUpperCase()}</span> ${escaped(group.name)}, ${seedsInWords(group)}</h4>`;
}

function drawWeights(side) {
  const group = groups[controls[side].value], [, outputs, rows, columns] = group.weights.shape;
  const shades = array(group.weights), of = chosen(group), size = rows * columns;
  const weight = (output, i) => mean(of.map((seed) => (shades[(seed * outputs + output) * size + i] / WEIGHT_SHADES - 1) * group.limits[seed]));
  const all = group.outputs.map((_, output) => Float64Array.from({ length: size }, (_, i) => weight(output, i)));
  const limit = Math.max(...all.map((one) => one.reduce((most, value) => Math.max(most, Math.abs(value)), 0))) || 1;
  const box = document.getElementById(`weights-${side}`);
  box.innerHTML = `${heading(side, group)}<p>−${number(limit, 2)} (blue) to ${number(limit, 2)} (red)${of.length > 1 ? ", mean over the seeds" : ""}</p><div class="pictures"></div>`;
  all.forEach((one, output) => {
    const tile = picture(rows, columns, (i) => mixed(WHITE, one[i] < 0 ? BLUE : RED, Math.abs(one[i]) / limit), `weights of class ${group.outputs[output]} of run ${side.toUpperCase()}`);
    tile.lastChild.textContent = group.outputs[output];
    box.lastChild.append(tile);
  });
}

// Counts by class and prediction, the mean over the chosen seeds; and the accuracies of each seed.
function confusion(group) {
  const counts = array(group.confusion), of = chosen(group), [, k] = group.confusion.shape;
  const at = (seed, row, column) => counts[(seed * k + row) * k + column];
  const mark = [...Array(k).keys()];
  const totals = mark.map((row) => mark.reduce((sum, column) => sum + at(0, row, column), 0));
  return {
    totals,
    cells: mark.map((row) => mark.map((column) => mean(of.map((seed) => at(seed, row, column))))),
    accuracies: mark.map((row) => of.map((seed) => at(seed, row, row) / totals[row])),
  };
}

function drawConfusion(side) {
  const group = groups[controls[side].value], { cells, totals } = confusion(group), right = mean(group.over_lambda.validation.filter((_, i) => chosen(group).includes(i)));
  const head = group.names.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
  const rows = cells.map((row, i) => `<tr><th scope="row">${escaped(group.names[i])}</th>${row.map((count, j) => cell(count, count / totals[i], i === j)).join("")}</tr>`);
  document.getElementById(`confusion-${side}`).innerHTML = `${heading(side, group)}<div class="wide" role="region" tabindex="0" aria-label="Confusion matrix of run ${side.toUpperCase()}"><table class="confusion"><caption>${chosen(group).length > 1 ? "Means over the seeds; accuracy" : "Accuracy"} ${right.toFixed(4)}</caption><thead><tr><th scope="col">is</th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function cell(count, share, right) {
  const text = count >= 0.5 ? Math.round(count) : count > 0 ? "<1" : "";
  if (right) return `<td class="right">${escaped(text || 0)}</td>`;
  if (!count) return "<td></td>";
  const color = mixed(WHITE, RED, Math.sqrt(Math.min(1, share / WIDEST_SHARE)));
  const linear = color.map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  const ink = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] > 0.179 ? "#000" : "#fff";
  return `<td style="background: rgb(${color.map(Math.round)}); color: ${ink}" title="${(100 * share).toFixed(1)}% of the class">${escaped(text)}</td>`;
}

function drawPerClass() {
  const shown = sides().map(([side, group]) => ({ side, group, of: confusion(group) }));
  const names = [...new Set(shown.flatMap(({ group }) => group.names))];
  const several = (values) => (values.length > 1 ? ` <small>(${Math.min(...values).toFixed(3)} to ${Math.max(...values).toFixed(3)})</small>` : "");
  const rows = names.map((name) => {
    const sides = shown.map(({ group, of }) => of.accuracies[group.names.indexOf(name)]);
    const totals = shown.map(({ group, of }) => of.totals[group.names.indexOf(name)]).filter((n) => n !== undefined);
    const cells = sides.map((values) => (values ? `<td>${mean(values).toFixed(3)}${several(values)}</td>` : "<td>–</td>"));
    const difference = sides.length > 1 && sides.every(Boolean) ? 100 * (mean(sides[1]) - mean(sides[0])) : null;
    return `<tr><th scope="row">${escaped(name)}</th><td>${totals[0]}</td>${cells.join("")}${shown.length > 1 ? `<td>${difference === null ? "–" : (difference > 0 ? "+" : difference < 0 ? "−" : "") + Math.abs(difference).toFixed(1)}</td>` : ""}</tr>`;
  });
  const head = ["class", "images", ...shown.map(({ side }) => side.toUpperCase()), ...(shown.length > 1 ? ["B − A (points)"] : [])];
  document.getElementById("per-class").innerHTML = `<table><caption>Of the validation images; in brackets the range over the seeds. Differences in percentage points.</caption><thead><tr>${head.map((text) => `<th scope="col">${text}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

// What the chosen runs of a group say of a kept image: how many are wrong, their commonest answer.
function opinion(group, image, label) {
  const guess = array(group.guess), percent = array(group.percent), n = group.seeds.length, of = chosen(group);
  const said = of.map((seed) => guess[image * n + seed]);
  if (said[0] === NO_GUESS) return null;
  const votes = new Map();
  for (const one of said) votes.set(one, (votes.get(one) ?? 0) + 1);
  const [answer, count] = [...votes].reduce((best, one) => (one[1] > best[1] ? one : best));
  const sures = of.filter((_, i) => said[i] === answer).map((seed) => percent[image * n + seed]);
  const sure = sures[0] === NO_GUESS ? 0 : mean(sures); // a model may have no probabilities
  const wrong = said.filter((one) => group.names[one] !== label).length / said.length;
  const voted = of.length > 1 && count < of.length ? `, ${count} of ${of.length} seeds` : "";
  const text = `${group.names[answer]}${voted}${sures[0] === NO_GUESS ? "" : `, ${Math.round(sure)}% sure`}`;
  return { wrong, sure, text };
}

function drawGallery() {
  const [a, b] = [groups[controls.a.value], groups[controls.b.value]], alone = a === b;
  const mode = alone ? "any-a" : controls.gallery.value;
  controls.gallery.form.hidden = alone;
  const main = mode === "any-b" ? b : a, data = facts.data[main.dataset];
  const box = document.getElementById("gallery"), count = document.getElementById("gallery-count");
  box.textContent = "";
  const found = data.index.map((_, image) => {
    const one = (group) => (group.dataset === main.dataset ? opinion(group, image, data.labels[image]) : null);
    return { image, a: one(a), b: one(b) };
  }).map((one) => ({ ...one, rank: rank(mode, one) })).filter((one) => one.rank > 0).sort((p, q) => q.rank - p.rank);
  const kept = data.index.length < data.wrong ? ` (of the ${data.index.length} images kept here of ${data.wrong} that any run gets wrong)` : "";
  const asked = { "any-a": a.images, "any-b": b.images }[mode] ?? Math.min(a.images, b.images);
  const apart = a.dataset !== b.dataset && !mode.startsWith("any");
  count.textContent = apart ? "A and B were trained on images of different data sets." : `${alone ? "Wrong: " : ""}${found.length} of ${asked} validation images${kept}${found.length > TILES ? `; the clearest ${TILES}:` : "."}`;
  const shades = array(data.pictures), [, rows, columns, channels] = data.pictures.shape;
  for (const one of found.slice(0, TILES)) {
    const at = one.image * rows * columns * channels, top = IMAGE_SHADES - 1;
    const rgb = (i) => (channels === 3 ? [0, 1, 2].map((c) => (255 * shades[at + 3 * i + c]) / top) : Array(3).fill(255 - (255 * shades[at + i]) / top));
    const name = `${data.source} ${data.index[one.image]}`;
    const tile = picture(rows, columns, rgb, `${name}: ${data.labels[one.image]}`);
    tile.title = name;
    tile.lastChild.innerHTML = `<b>is ${escaped(data.labels[one.image])}</b>` + sides().map(([side]) => side).filter((side) => one[side]).map((side) => `<br>${side.toUpperCase()}: ${escaped(one[side].text)}`).join("");
    box.append(tile);
  }
}

// How clear a case an image is, 0 if it is none: by the share of seeds, then by how sure they are.
function rank(mode, { a, b }) {
  const wrong = (one) => one && one.wrong > 0.5, right = (one) => one && one.wrong < 0.5;
  const clear = (...all) => all.reduce((sum, one) => sum + one.wrong + one.sure / 1000, 0) / all.length;
  if (mode === "any-a") return wrong(a) ? clear(a) : 0;
  if (mode === "any-b") return wrong(b) ? clear(b) : 0;
  if (mode === "both") return wrong(a) && wrong(b) ? clear(a, b) : 0;
  const [good, bad] = mode === "b" ? [a, b] : [b, a];
  return right(good) && wrong(bad) ? Math.max(1e-9, clear(bad) - good.wrong) : 0;
}

// --- the state ----------------------------------------------------------------------------------

const defaults = { a: facts.first.a, b: facts.first.b };
for (const [name, control] of Object.entries(controls)) defaults[name] ??= control.options?.[0].value ?? control.value;

function offerSeeds() {
  const both = [groups[controls.a.value], groups[controls.b.value]];
  const seeds = [...new Set(both.flatMap((group) => group.seeds))].sort((p, q) => p - q);
  const before = controls.seed.value;
  controls.seed.replaceChildren(new Option("all", "all"), ...seeds.map((seed) => new Option(seed, seed)));
  controls.seed.value = seeds.map(String).includes(before) ? before : "all";
}

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of ["a", "b"]) controls[name].value = given.get(name) in groups ? given.get(name) : defaults[name];
  offerSeeds();
  for (const [name, control] of Object.entries(controls)) {
    if (name === "a" || name === "b") continue;
    control.value = given.get(name) || defaults[name];
    if (!control.value) control.value = defaults[name];
  }
  const known = [...document.querySelectorAll("button.tile")].map((tile) => tile.dataset.verdict);
  verdict = known.includes(given.get("verdict")) ? given.get("verdict") : "";
}

function writeAddress() {
  const parts = Object.entries(controls).filter(([name, control]) => control.value !== defaults[name]).map(([name, control]) => `${name}=${encodeURIComponent(control.value).replaceAll("%2F", "/")}`);
  if (verdict) parts.push(`verdict=${encodeURIComponent(verdict)}`);
  history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname + location.search);
}

// To the runs that a link of evidence names: a view of its own, to come back from.
function follow(address) {
  const given = new URLSearchParams(address);
  controls.a.value = given.get("a");
  controls.b.value = given.get("b") ?? given.get("a");
  offerSeeds();
  history.pushState(null, "", location.href);
  writeAddress();
  draw();
  goToRuns();
}

function goToRuns() {
  const runs = document.getElementById("runs");
  runs.scrollIntoView();
  runs.focus({ preventScroll: true });
}

function goTo(id) {
  // Of a claim an address may have the bare id.
  const place = document.getElementById(id) ?? document.getElementById(`claim-${id}`);
  if (!place) return;
  const folded = place.closest("details");
  if (folded) folded.open = true;
  place.scrollIntoView();
}

function filterVerdicts() {
  for (const tile of document.querySelectorAll("button.tile")) tile.setAttribute("aria-pressed", tile.dataset.verdict === verdict);
  const entries = [...document.querySelectorAll(".group .entry")];
  for (const entry of entries) entry.hidden = Boolean(verdict) && entry.dataset.verdict !== verdict;
  for (const group of document.querySelectorAll(".group")) group.hidden = !group.querySelector(".entry:not([hidden])");
  const note = document.getElementById("filtered");
  if (note) note.textContent = verdict ? ` Shown: ${verdict}.` : "";
}

function drawCurves() {
  curveChart("accuracy", "Accuracy", "accuracy", false);
  curveChart("loss", "Loss", "cross-entropy, log scale", true);
  curveChart("gap", "Gap: training minus validation accuracy", "difference of accuracies", false);
}

function draw() {
  drawCurves();
  lambdaChart("tradeoff", "Accuracy", "accuracy", [["training", "training", ""], ["validation", "validation", "dashed"], ["test", "test", "dotted"]]);
  lambdaChart("norm", "Norm of the weights ‖W‖", "‖W‖, biases included", [["norm", "training", ""]]);
  // A run beside itself is shown once.
  for (const place of ["weights-b", "confusion-b"]) document.getElementById(place).hidden = sides().length < 2;
  for (const [side] of sides()) {
    drawWeights(side);
    drawConfusion(side);
  }
  // One below the other, where half the width has no room for all classes.
  const pair = document.getElementById("confusion-a").parentNode;
  pair.classList.remove("stacked");
  pair.classList.toggle("stacked", [...pair.querySelectorAll(".wide")].some((one) => one.scrollWidth > one.clientWidth));
  drawPerClass();
  drawGallery();
  filterVerdicts();
}

function changed(event) {
  if (!controls[event.target.name]) return;
  if (["a", "b"].includes(event.target.name)) offerSeeds();
  writeAddress();
  if (["from", "to", "height", "others"].includes(event.target.name)) drawCurves();
  else if (event.target.name === "gallery") drawGallery();
  else draw();
}

unpacked(document.getElementById("arrays").textContent).then((bytes) => {
  buffer = bytes;
  readAddress();
  draw();
  document.body.dataset.ready = "yes";
  document.addEventListener("change", changed);
  document.addEventListener("input", (event) => event.target.type === "range" && changed(event));
  for (const form of document.forms) form.addEventListener("submit", (event) => event.preventDefault());
  for (const tile of document.querySelectorAll("button.tile")) {
    tile.addEventListener("click", () => {
      verdict = verdict === tile.dataset.verdict ? "" : tile.dataset.verdict;
      writeAddress();
      filterVerdicts();
    });
  }
  // A link to a place leaves the address, and with it the view, as it is.
  document.addEventListener("click", (event) => {
    const address = event.target.closest("a")?.getAttribute("href") ?? "";
    if (!address.startsWith("#") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (address.includes("=")) follow(address.slice(1));
    else goTo(address.slice(1));
  });
  const arrive = () => (location.hash.includes("=") ? goToRuns() : goTo(location.hash.slice(1)));
  arrive();
  addEventListener("hashchange", () => {
    if (!location.hash || location.hash.includes("=")) {
      readAddress();
      draw();
    }
    arrive();
  });
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width !== (width = innerWidth)) draw();
  });
});
