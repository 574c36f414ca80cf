// Draws any chart that the kernel describes: see nbtutor.charts.

import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear, scaleLog, type ScaleLinear, type ScaleLogarithmic } from "d3-scale";
import { select } from "d3-selection";
import { boundaryLines } from "../boundary";
import { Raster, Sheet } from "../canvas";
import {
  decodeChart, type Axis, type Bars, type Chart, type Contours, type Dash, type Field, type Mark,
} from "../chart";
import { fitAxis, stops, spreadAll, type Stop } from "../chart_layout";
import { chartLegend, colourOf, pattern, patternKey } from "../chart_legend";
import { PROBABILITY_CENTRE } from "../colours";
import { contentSize, element, LiveText } from "../dom";
import { thinLabels } from "../labels";
import { markerPath } from "../markers";
import type { Surface, View } from "../mount";
import { formatTick } from "../numbers";
import { TRAITS } from "../protocol";
import { logTicks } from "../ranges";
import type { Palette } from "../theme";

const MARGIN = { top: 24, right: 12, bottom: 36, left: 48 };
const NAME_GAP = 6;
const TICK_GAP = 8;
const DASHES: Record<Dash, readonly number[]> = {
  solid: [], dashed: [6, 4], dotted: [1.5, 3], dashdot: [8, 3, 1.5, 3],
};

type Scale = ScaleLinear<number, number> | ScaleLogarithmic<number, number>;

export function chartView({ root, model, signal, redraw }: Surface): View {
  const caption = element("div", "nbt-caption");
  const title = new LiveText(element("h2", "nbt-caption-title"));
  const readout = element("span", "nbt-readout");
  readout.setAttribute("aria-live", "polite");
  const told = new LiveText(readout);
  caption.append(title.parent, readout);
  const figure = element("div", "nbt-figure");
  figure.tabIndex = 0;
  const legend = element("ul", "nbt-legend");
  root.append(caption, figure, legend);
  const sheet = new Sheet(figure, "nbt-sheet");
  const axes = select(figure).append("svg").attr("class", "nbt-axes").attr("aria-hidden", "true");
  const bottom = axes.append("g");
  const left = axes.append("g");
  const xName = axes.append("text").attr("class", "nbt-axis-name").attr("text-anchor", "end");
  const yName = axes.append("text").attr("class", "nbt-axis-name").attr("x", 2);
  const raster = new Raster();
  const patterns = new Map<string, CanvasPattern | string>();

  let chart: Chart | null = null;
  let pictures = 0;
  let size = { width: 0, height: 0 };
  let margin = MARGIN;
  let width = 0;
  let height = 0;
  let x: Scale = scaleLinear();
  let y: Scale = scaleLinear();
  let font = "";
  let shownAxes = "";
  let shownLegend = "";
  /** The points that can be read, from left to right, and the one that is read now. */
  let readable: readonly Stop[] = [];
  let chosen: Stop | null = null;

  function read(): void {
    try {
      chart = decodeChart(model.get(TRAITS.spec));
    } catch (failure) {
      // What cannot be read changes nothing.
      console.error("[nbtutor]", failure);
      return;
    }
    pictures += 1;
    root.classList.toggle("nbt-square", chart.square);
    // Before it is drawn, and out of sight, it is known by its title already.
    title.set(chart.title);
    readable = stops(chart.marks);
    chosen = chosen === null ? null : (readable.find((stop) => same(stop, chosen)) ?? null);
  }
  read();
  if (chart !== null) title.set((chart as Chart).title); // not yet in sight, it has its heading
  const take = (): void => {
    read();
    redraw();
  };
  model.on(`change:${TRAITS.spec}`, take);
  signal.addEventListener("abort", () => model.off(`change:${TRAITS.spec}`, take));

  function choose(stop: Stop | null): void {
    chosen = stop;
    redraw();
  }

  function pick(): void {
    if (chosen === null || model.get(TRAITS.pickable) !== true) return;
    model.send({ mark: chosen.mark, point: chosen.point });
  }

  function nearest({ offsetX, offsetY }: PointerEvent): Stop | null {
    let best: Stop | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const stop of readable) {
      // Mostly by x: a line is read at any height.
      const far = Math.abs(x(stop.x) - offsetX) + 0.3 * Math.abs(y(stop.y) - offsetY + margin.top);
      if (far < least) [best, least] = [stop, far];
    }
    return best;
  }

  const { canvas } = sheet;
  const listen = { signal };
  canvas.addEventListener("pointermove", (event) => choose(nearest(event)), listen);
  canvas.addEventListener("pointerleave", () => choose(null), listen);
  canvas.addEventListener(
    "click",
    (event) => {
      choose(nearest(event as PointerEvent));
      pick();
    },
    listen,
  );
  figure.addEventListener("blur", () => choose(null), listen);
  figure.addEventListener(
    "keydown",
    (event) => {
      const at = chosen === null ? -1 : readable.indexOf(chosen);
      const last = readable.length - 1;
      const target: Record<string, number> = {
        ArrowRight: Math.min(at + 1, last), ArrowLeft: Math.max(at - 1, 0), Home: 0, End: last,
      };
      const next = target[event.key];
      if (next !== undefined) choose(readable[next] ?? null);
      else if (event.key === "Enter") pick();
      else if (event.key === "Escape") choose(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    listen,
  );

  function layOut(now: Chart, { scale, font: family }: Palette): void {
    const { context } = sheet;
    context.font = font = nameFont(scale, family);
    const names = now.marks.map((mark) =>
      mark.kind === "line" && mark.named && !mark.faint
        ? context.measureText(mark.name).width + NAME_GAP * scale
        : 0,
    );
    // Ticks may be words; axes are written a little smaller than names.
    const ticks = (now.y.ticks ?? []).map(([, word]) => context.measureText(word).width);
    margin = {
      top: MARGIN.top * scale,
      right: MARGIN.right * scale + Math.min(Math.max(0, ...names), size.width / 3),
      bottom: MARGIN.bottom * scale,
      left: Math.max(
        MARGIN.left * scale, Math.min(Math.max(0, ...ticks) + TICK_GAP * scale, 0.4 * size.width),
      ),
    };
    width = Math.max(40, Math.floor(size.width - margin.left - margin.right));
    height = Math.max(30, Math.floor(size.height - margin.top - margin.bottom));
    let inset = 0;
    if (now.square) {
      inset = Math.floor((width - Math.min(width, height)) / 2);
      margin = { ...margin, left: margin.left + inset };
      width = height = Math.min(width, height);
    }
    sheet.resize(size.width - margin.left, height + margin.top);
    canvas.style.left = `${margin.left}px`;
    canvas.style.top = "0px";
    sheet.context.translate(0, margin.top);
    axes.attr("width", size.width).attr("height", size.height);
    xName.attr("x", margin.left + width).attr("y", margin.top + height + margin.bottom - 3);
    yName.attr("x", inset + 2).attr("y", 11 * scale);
    shownAxes = "";
  }

  function scaleOf(axis: Axis, ends: readonly [number, number], range: [number, number]): Scale {
    return (axis.log ? scaleLog() : scaleLinear()).domain(ends).range(range);
  }

  /** The ticks across whose words, if they are words, do not lie over one another. */
  function withRoom(axis: Axis, ticks: number[]): number[] {
    if (axis.ticks === null) return ticks;
    sheet.context.font = font;
    const labels = ticks.map((at) => {
      const wide = sheet.context.measureText(wordAt(axis, at)).width;
      return { at: margin.left + x(at) - wide / 2, width: wide };
    });
    const shown = new Set(thinLabels(labels, size.width, NAME_GAP));
    return ticks.filter((_, index) => shown.has(index));
  }

  function scaleTo(now: Chart): void {
    const xEnds = fitAxis(now, "x");
    const yEnds = fitAxis(now, "y");
    x = scaleOf(now.x, xEnds, [0, width]);
    y = scaleOf(now.y, yEnds, [height, 0]);
    const signature = JSON.stringify([now.x, now.y, xEnds, yEnds]);
    if (signature === shownAxes) return;
    shownAxes = signature;
    xName.text(now.x.label);
    yName.text(now.y.label);
    const words = (axis: Axis) => (value: number) => wordAt(axis, value);
    bottom
      .attr("transform", `translate(${margin.left},${margin.top + height})`)
      .call(
        axisBottom<number>(x)
          .tickValues(withRoom(now.x, places(now.x, xEnds, Math.max(2, Math.min(7, width / 60)))))
          .tickFormat(words(now.x)).tickSizeOuter(0).tickSize(4).tickPadding(4),
      );
    left
      .attr("transform", `translate(${margin.left},${margin.top})`)
      .call(
        axisLeft<number>(y)
          .tickValues(places(now.y, yEnds, Math.max(2, Math.min(6, height / 32))))
          .tickFormat(words(now.y)).tickSizeOuter(0).tickSize(-width).tickPadding(6),
      );
  }

  function draw(now: Chart, palette: Palette): void {
    const { context } = sheet;
    context.clearRect(-margin.left, -margin.top, size.width, height + margin.top);
    context.save();
    context.beginPath();
    context.rect(0, -1, width + 1, height + 2);
    context.clip();
    for (const mark of now.marks) {
      context.globalAlpha = 1;
      if (mark.kind !== "rule" && mark.kind !== "points") drawMark(mark, palette);
    }
    context.restore();
    drawRules(now, palette);
    // Markers may reach over the edge.
    for (const mark of now.marks) if (mark.kind === "points") drawMark(mark, palette);
    nameLines(now, palette);
    if (chosen !== null) drawChosen(chosen, palette);
  }

  function drawMark(mark: Mark, palette: Palette): void {
    const { context } = sheet;
    switch (mark.kind) {
      case "line":
        context.lineJoin = "round";
        context.lineWidth = (mark.faint ? 1 : 1.75) * palette.scale;
        context.globalAlpha = mark.faint ? 0.35 : 1;
        context.strokeStyle = colourOf(mark.colour, palette);
        context.setLineDash(DASHES[mark.dash].map((length) => length * palette.scale));
        context.beginPath();
        path(mark.x, mark.y);
        context.stroke();
        context.setLineDash([]);
        context.globalAlpha = 1;
        break;
      case "band":
        context.globalAlpha = 0.18;
        context.fillStyle = colourOf(mark.colour, palette);
        context.beginPath();
        path(mark.x, mark.low);
        for (let at = mark.x.length - 1; at >= 0; at -= 1) {
          context.lineTo(x(mark.x[at] ?? 0), clampY(mark.high[at] ?? 0));
        }
        context.closePath();
        context.fill();
        context.globalAlpha = 1;
        break;
      case "bars":
        drawBars(mark, palette);
        break;
      case "points": {
        const radius = 4.5 * palette.scale;
        const marker = new Path2D(markerPath(mark.shape, radius));
        for (let at = 0; at < mark.x.length; at += 1) {
          const px = x(mark.x[at] ?? Number.NaN);
          const py = y(mark.y[at] ?? Number.NaN);
          if (!Number.isFinite(px) || !Number.isFinite(py)) continue;
          if (px < -1 || px > width + 1 || py < -1 || py > height + 1) continue;
          context.translate(px, py);
          context.fillStyle = mark.hollow ? palette.ground : colourOf(mark.colour, palette);
          context.fill(marker);
          context.lineWidth = (mark.hollow ? 2 : 1) * palette.scale;
          context.strokeStyle = mark.hollow ? colourOf(mark.colour, palette) : palette.outline;
          context.stroke(marker);
          context.translate(-px, -py);
        }
        break;
      }
      case "field":
        drawField(mark, palette);
        break;
      case "contours":
        drawContours(mark, palette);
        break;
      case "rule":
        break;
    }
  }

  function drawField({ extent, pictures: { data, width: columns, height: rows }, palette: kind }: Field,
    palette: Palette,
  ): void {
    raster.paint(data, columns, rows, kind === "size" ? palette.sizes : palette.fields.probability);
    const [from, to, low, high] = extent;
    sheet.context.imageSmoothingEnabled = true;
    sheet.context.imageSmoothingQuality = "medium";
    sheet.context.drawImage(raster.canvas, x(from), y(high), x(to) - x(from), y(low) - y(high));
  }

  function drawContours(mark: Contours, palette: Palette): void {
    const { context } = sheet;
    const { pictures: { count, width: columns, height: rows, data } } = mark;
    const [from, to, low, high] = mark.extent;
    const [perColumn, perRow] = [(x(to) - x(from)) / columns, (y(low) - y(high)) / rows];
    context.strokeStyle = colourOf(mark.colour, palette);
    context.lineWidth = (mark.faint ? 1 : 2) * palette.scale;
    context.globalAlpha = mark.faint ? 0.4 : 1;
    context.lineJoin = "round";
    context.beginPath();
    for (let one = 0; one < count; one += 1) {
      const picture = data.subarray(one * columns * rows, (one + 1) * columns * rows);
      for (const line of boundaryLines({ width: columns, height: rows }, picture, PROBABILITY_CENTRE)) {
        line.forEach(([column, row], index) => {
          const [px, py] = [x(from) + column * perColumn, y(high) + row * perRow];
          if (index === 0) context.moveTo(px, py);
          else context.lineTo(px, py);
        });
      }
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  /** Adds the points to the current path; a gap in the numbers is a gap in the line. */
  function path(xs: Float32Array, ys: Float32Array): void {
    let open = false;
    for (let at = 0; at < xs.length; at += 1) {
      const px = x(xs[at] ?? Number.NaN);
      const py = clampY(ys[at] ?? Number.NaN);
      if (!Number.isFinite(px) || !Number.isFinite(py)) open = false;
      else if (open) sheet.context.lineTo(px, py);
      else {
        sheet.context.moveTo(px, py);
        open = true;
      }
    }
  }

  /** Far outside the chart a number too large for a canvas is drawn at its edge. */
  function clampY(value: number): number {
    return Math.max(-4 * height, Math.min(5 * height, y(value)));
  }

  function drawBars(mark: Bars, palette: Palette): void {
    const { context } = sheet;
    const colour = colourOf(mark.colour, palette);
    const key = patternKey(mark.pattern, colour, palette.scale);
    let fill = patterns.get(key);
    if (fill === undefined) {
      fill = pattern(context, mark.pattern, colour, palette.scale);
      patterns.set(key, fill);
    }
    context.lineWidth = palette.scale;
    context.strokeStyle = colour;
    for (let at = 0; at < mark.left.length; at += 1) {
      const from = x(mark.left[at] ?? 0);
      const to = x(mark.right[at] ?? 0);
      const low = clampY(mark.low[at] ?? 0);
      const high = clampY(mark.high[at] ?? 0);
      if (low === high) continue;
      context.fillStyle = fill;
      context.fillRect(from, high, to - from, low - high);
      context.strokeRect(from + 0.5, high + 0.5, to - from - 1, low - high - 1);
    }
  }

  function drawRules(now: Chart, palette: Palette): void {
    const { context } = sheet;
    const rules = now.marks.filter((mark) => mark.kind === "rule");
    context.font = `${11 * palette.scale}px ${palette.font}`;
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
    const inside = rules.filter(({ at, vertical }) => {
      const place = vertical ? x(at) : y(at);
      return place >= 0 && place <= (vertical ? width : height);
    });
    const upright = inside.filter(({ vertical }) => vertical).sort((a, b) => a.at - b.at);
    const labels = upright.map(({ at, label }) => {
      const wide = context.measureText(label).width;
      // At the right edge it stands on the line's other side.
      const fits = x(at) + 3 + wide <= width + margin.right;
      return { at: fits ? x(at) + 3 : x(at) - 3 - wide, width: wide };
    });
    const named = new Set(thinLabels(labels, width + margin.right, 6));
    context.lineWidth = palette.scale;
    for (const rule of inside) {
      context.strokeStyle = context.fillStyle = colourOf(rule.colour, palette);
      context.setLineDash([...DASHES[rule.dash]]);
      context.beginPath();
      if (rule.vertical) {
        const at = Math.round(x(rule.at)) + 0.5;
        const withName = named.has(upright.indexOf(rule));
        context.moveTo(at, withName ? -12 * palette.scale : 0);
        context.lineTo(at, height);
        if (withName) context.fillText(rule.label, labels[upright.indexOf(rule)]?.at ?? at, -4 * palette.scale);
      } else {
        const at = Math.round(y(rule.at)) + 0.5;
        context.moveTo(0, at);
        context.lineTo(width, at);
        context.fillText(rule.label, 4, at - 4);
      }
      context.stroke();
    }
    context.setLineDash([]);
  }

  function nameLines(now: Chart, palette: Palette): void {
    const { context } = sheet;
    const size12 = 12 * palette.scale;
    const ends = now.marks.flatMap((mark) => {
      if (mark.kind !== "line" || !mark.named || mark.faint) return [];
      let at = mark.x.length - 1;
      while (at >= 0 && !Number.isFinite(y(mark.y[at] ?? Number.NaN))) at -= 1;
      if (at < 0) return [];
      const height_ = Math.max(0, Math.min(height, y(mark.y[at] ?? 0)));
      return [{ mark, x: x(mark.x[at] ?? 0), y: height_ }];
    });
    const heights = spreadAll(ends.map((end) => end.y), size12 * 1.15, size12 / 2, height - size12 / 2);
    context.font = nameFont(palette.scale, palette.font);
    context.textBaseline = "middle";
    context.textAlign = "left";
    ends.forEach(({ mark, x: at }, index) => {
      const left_ = Math.min(at, width) + NAME_GAP * palette.scale;
      context.lineWidth = 3;
      context.strokeStyle = palette.ground;
      context.strokeText(mark.name, left_, heights[index] ?? 0);
      context.fillStyle = colourOf(mark.colour, palette);
      context.fillText(mark.name, left_, heights[index] ?? 0);
    });
  }

  function drawChosen(stop: Stop, palette: Palette): void {
    const { context } = sheet;
    const px = x(stop.x);
    const py = y(stop.y);
    if (!Number.isFinite(px) || !Number.isFinite(py)) return;
    context.strokeStyle = palette.text;
    context.lineWidth = 1.5 * palette.scale;
    context.beginPath();
    context.arc(px, py, 7 * palette.scale, 0, 2 * Math.PI);
    context.stroke();
  }

  return {
    figure,
    pictures: () => pictures,
    paint(_, palette, fresh) {
      if (chart === null) return;
      canvas.style.cursor = model.get(TRAITS.pickable) === true ? "pointer" : "crosshair";
      const names = chart.marks.map((mark) => [mark.kind, "name" in mark ? mark.name : ""]);
      const key = JSON.stringify([names, chart.y.ticks]);
      if (key !== shownLegend || fresh) {
        legend.replaceChildren(...chartLegend(chart.marks, palette));
        shownLegend = key;
        size = contentSize(figure);
        patterns.clear();
        layOut(chart, palette);
      }
      scaleTo(chart);
      draw(chart, palette);
      told.set(chosen === null ? "" : tell(chart, chosen));
    },
    describe: () => (chart === null ? "A chart. Nothing has arrived yet." : words(chart)),
  };
}

function words({ title, sentence }: Chart): string {
  return sentence === "" ? title : `${title}. ${sentence}`;
}

function tell({ x, y, marks }: Chart, stop: Stop): string {
  const several = marks.filter(({ kind }) => kind === "line" || kind === "points").length > 1;
  const whose = several && stop.name !== "" ? `${stop.name}: ` : "";
  return `${whose}${x.label} ${wordAt(x, stop.x)}, ${y.label} ${wordAt(y, stop.y)}`;
}

/** The word of a tick where the axis has one there, or the number. */
function wordAt({ ticks }: Axis, value: number): string {
  return ticks?.find(([at]) => at === value)?.[1] ?? formatTick(value);
}

function same(a: Stop, b: Stop | null): boolean {
  return a.mark === b?.mark && a.point === b.point;
}

function places(axis: Axis, [low, high]: readonly [number, number], count: number): number[] {
  if (axis.ticks !== null) return axis.ticks.map(([at]) => at).filter((at) => at >= low && at <= high);
  return axis.log ? logTicks([low, high], count) : scaleLinear().domain([low, high]).ticks(count);
}

function nameFont(scale: number, family: string): string {
  return `600 ${12 * scale}px ${family}`;
}
