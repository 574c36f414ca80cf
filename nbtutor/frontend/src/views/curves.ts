// The losses or accuracies over the epochs, the gap between them, and what was changed when.

import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear, scaleLog } from "d3-scale";
import { select } from "d3-selection";
import { Sheet } from "../canvas";
import { ACCURACY, LOSS, nearestRow, ROW, type Curve, type Measure } from "../curve";
import { extentOf, type Extent, type Kept } from "../kept";
import { KeptLines, type Place } from "../kept_lines";
import { decimate, decimatedSize } from "../decimate";
import { contentSize, element, LiveText } from "../dom";
import { spread, thinLabels, type Box } from "../labels";
import type { Surface, View } from "../mount";
import {
  formatCount, formatEpochTick, formatLoss, formatPercentTick, formatRate, formatTick, formatValue,
} from "../numbers";
import { parseNames, TRAITS, type Frame } from "../protocol";
import { accuracyLimits, epochLimit, logTicks, lossLimits } from "../ranges";
import type { Scene } from "../scene";
import { RunList } from "../run_list";
import { Scrubber } from "../scrubber";
import type { Palette } from "../theme";

const MARGIN = { top: 22, right: 16, bottom: 26, left: 46 };
const SCRUBBER = 24;
const NAME_GAP = 6;

export function curvesView({ root, model, act, signal, redraw }: Surface): View {
  const caption = element("div", "nbt-caption");
  const title = element("h2", "nbt-caption-title", "Loss");
  const choice = element("select", "nbt-measure");
  choice.setAttribute("aria-label", "Curves show");
  choice.append(new Option("Loss", LOSS.name), new Option("Accuracy", ACCURACY.name));
  caption.append(title, choice);
  const readout = element("span", "nbt-readout");
  const value = new LiveText(readout);
  const toggle = element("button", "nbt-toggle nbt-log", "Log");
  toggle.type = "button";
  toggle.setAttribute("aria-label", "Logarithmic loss axis");
  toggle.setAttribute("aria-pressed", "false");
  caption.append(readout, toggle);
  const figure = element("div", "nbt-figure");
  const scrubber = new Scrubber(act, signal);
  const runs = new RunList(act, signal);
  root.append(caption, figure, scrubber.root, runs.root);
  const sheet = new Sheet(figure, "nbt-sheet");
  const axes = select(figure)
    .append("svg")
    .attr("class", "nbt-axes")
    .attr("aria-hidden", "true");
  const bottom = axes.append("g");
  const left = axes.append("g");
  const xName = axes.append("text").attr("class", "nbt-axis-name").text("epoch");
  const yName = axes.append("text").attr("class", "nbt-axis-name").text(LOSS.name);

  const x = scaleLinear();
  const linear = scaleLinear();
  const logarithmic = scaleLog();
  let logs = false;
  let measure: Measure = LOSS;
  let width = 0;
  let height = 0;
  let margin = MARGIN;
  /** Room for the names of the lines, which stand behind their ends. */
  let nameWidth = 0;
  let shownAxes = "";
  let rows = new Uint32Array(0);
  let pointer: number | null = null;
  const keptLines = new KeptLines();
  let kept: readonly Kept[] = [];
  let extent: Extent = extentOf(kept, measure);

  const restrict = (): void => {
    const hidden = parseNames(TRAITS.hidden, model.get(TRAITS.hidden));
    const locked = parseNames(TRAITS.locked, model.get(TRAITS.locked));
    scrubber.restrict(hidden.includes("timeline"), locked.includes("timeline"));
    runs.restrict(hidden, locked);
  };
  for (const trait of [TRAITS.hidden, TRAITS.locked]) {
    model.on(`change:${trait}`, restrict);
    signal.addEventListener("abort", () => model.off(`change:${trait}`, restrict));
  }
  restrict();
  for (const event of ["focusin", "focusout"]) {
    scrubber.root.addEventListener(event, redraw, { signal });
  }

  toggle.addEventListener(
    "click",
    () => {
      logs = !logs;
      toggle.setAttribute("aria-pressed", String(logs));
      redraw();
    },
    { signal },
  );
  choice.addEventListener(
    "change",
    () => {
      show(choice.value === ACCURACY.name ? ACCURACY : LOSS);
      redraw();
    },
    { signal },
  );
  sheet.canvas.addEventListener(
    "pointermove",
    (event) => {
      pointer = event.offsetX;
      redraw();
    },
    { signal },
  );
  sheet.canvas.addEventListener(
    "pointerleave",
    () => {
      pointer = null;
      redraw();
    },
    { signal },
  );

  function show(chosen: Measure): void {
    measure = chosen;
    extent = extentOf(kept, measure);
    choice.value = measure.name;
    root.dataset.measure = measure.name;
    yName.text(measure.name);
    toggle.hidden = measure === ACCURACY;
  }

  /** Values have no accuracy. */
  function offer({ structure }: Scene): void {
    const both = structure.kind !== "value";
    title.classList.toggle("nbt-unseen", both);
    choice.hidden = !both;
    if (!both && measure === ACCURACY) show(LOSS);
  }

  function layOut({ scale, font }: Palette): void {
    const size = contentSize(figure);
    margin = {
      top: MARGIN.top * scale, right: MARGIN.right * scale,
      bottom: MARGIN.bottom * scale, left: MARGIN.left * scale,
    };
    width = Math.max(40, Math.floor(size.width - margin.left - margin.right));
    height = Math.max(30, Math.floor(size.height - margin.top - margin.bottom));
    sheet.resize(width, height + margin.top);
    sheet.canvas.style.left = `${margin.left}px`;
    sheet.canvas.style.top = "0px";
    sheet.context.translate(0, margin.top);
    sheet.context.font = nameFont(scale, font);
    nameWidth = sheet.context.measureText("validation").width + NAME_GAP * scale;
    rows = new Uint32Array(decimatedSize(Math.max(1, width)) + 4);
    axes.attr("width", size.width).attr("height", size.height);
    xName.attr("x", margin.left - 10 * scale).attr("text-anchor", "end");
    xName.attr("y", margin.top + height + 17 * scale);
    yName.attr("x", 2).attr("y", 10 * scale).attr("text-anchor", "start");
    shownAxes = "";
  }

  /** Limits change in steps, so the axes are redrawn seldom and the curve does not swim. */
  function scaleTo(curve: Curve): typeof linear | typeof logarithmic {
    const shares = measure === ACCURACY;
    const limits = shares
      ? accuracyLimits(curve, measure, extent)
      : lossLimits(curve, logs, extent);
    const last = epochLimit(curve, Math.min(0.4, nameWidth / width), extent.last);
    const y = logs && !shares ? logarithmic : linear;
    x.domain([0, last]).range([0, width]);
    y.domain(limits).range([height, 0]);
    const signature = `${measure.name} ${logs} ${last} ${limits.join(" ")}`;
    if (signature === shownAxes) return y;
    shownAxes = signature;
    bottom
      .attr("transform", `translate(${margin.left},${margin.top + height})`)
      .call(
        axisBottom<number>(x)
          .ticks(Math.max(2, Math.min(6, width / 60)))
          .tickFormat(formatEpochTick)
          .tickSizeOuter(0)
          .tickSize(4)
          .tickPadding(4),
      );
    const count = Math.max(2, Math.min(6, height / 32));
    left
      .attr("transform", `translate(${margin.left},${margin.top})`)
      .call(
        axisLeft<number>(y)
          .tickValues(y === linear ? linear.ticks(count) : logTicks(limits, count))
          .tickFormat(shares ? formatPercentTick : formatTick)
          .tickSizeOuter(0)
          .tickSize(-width)
          .tickPadding(6),
      );
    return y;
  }

  function draw(scene: Scene, palette: Palette): void {
    const { context } = sheet;
    const { curve, events } = scene;
    context.clearRect(0, -margin.top, width, height + margin.top);
    if (curve.rows === 0) return;
    const y = scaleTo(curve);
    const { data } = curve;
    const floor = y.domain()[0] as number;
    const { train, validation } = measure;
    const heightOf = (value: number): number =>
      Math.max(0, Math.min(height, y(Math.max(value, floor))));
    const px = (row: number): number => x(data[row * ROW] ?? 0);
    const py = (row: number, column: number): number => heightOf(data[row * ROW + column] ?? 0);
    const table = { data, rows: curve.rows, columns: ROW };

    const drawn = decimate(table, validation, width, rows);
    if (drawn > 1) {
      context.beginPath();
      for (let k = 0; k < drawn; k += 1) context.lineTo(px(rows[k] ?? 0), py(rows[k] ?? 0, train));
      for (let k = drawn - 1; k >= 0; k -= 1) {
        context.lineTo(px(rows[k] ?? 0), py(rows[k] ?? 0, validation));
      }
      context.closePath();
      context.fillStyle = palette.gap;
      context.fill();
    }
    drawEvents(events, palette);
    const place: Place = {
      ...{ x, y: heightOf, measure, width, height, top: margin.top, signature: shownAxes },
    };
    keptLines.drawLines(sheet, kept, place, palette);
    context.lineJoin = "round";
    context.lineWidth = 1.75 * palette.scale;
    const line = (column: number, count: number): void => {
      context.beginPath();
      for (let k = 0; k < count; k += 1) context.lineTo(px(rows[k] ?? 0), py(rows[k] ?? 0, column));
      context.stroke();
    };
    context.strokeStyle = palette.accent;
    context.setLineDash([6 * palette.scale, 4 * palette.scale]);
    line(validation, drawn);
    context.setLineDash([]);
    context.strokeStyle = palette.text;
    line(train, decimate(table, train, width, rows));
    const named = nameLines(curve, px, py, palette);
    keptLines.drawNames(sheet, palette, place, named);
    const { span, epoch } = scene.frame;
    if (span.scrubbed) drawMark(nearestRow(curve, epoch), palette.accent, curve, px, py, palette);
    if (pointer !== null) {
      drawMark(nearestRow(curve, x.invert(pointer)), palette.quiet, curve, px, py, palette);
    }
  }

  function drawEvents(events: Scene["events"], palette: Palette): void {
    const { context } = sheet;
    context.font = `${11 * palette.scale}px ${palette.font}`;
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    const labels = events.map(({ epoch, label }) => ({
      at: x(epoch) + 3,
      width: context.measureText(label).width,
    }));
    const named = new Set(thinLabels(labels, width, 8 * palette.scale));
    context.strokeStyle = palette.quiet;
    context.fillStyle = palette.quiet;
    context.lineWidth = 1;
    events.forEach(({ epoch, label }, index) => {
      const at = Math.round(x(epoch)) + 0.5;
      context.globalAlpha = named.has(index) ? 0.8 : 0.35;
      context.beginPath();
      context.moveTo(at, named.has(index) ? -12 * palette.scale : 0);
      context.lineTo(at, height);
      context.stroke();
      context.globalAlpha = 1;
      if (named.has(index)) context.fillText(label, at + 3, -4 * palette.scale);
    });
  }

  /** Writes the names behind the ends of the lines, and returns where they stand. */
  function nameLines(curve: Curve, px: Row, py: Point, palette: Palette): Box[] {
    const { context } = sheet;
    const last = curve.rows - 1;
    const size = 12 * palette.scale;
    const at = px(last) + NAME_GAP * palette.scale;
    const train = py(last, measure.train);
    const hasValidation = !Number.isNaN(curve.data[last * ROW + measure.validation] ?? Number.NaN);
    context.font = nameFont(palette.scale, palette.font);
    context.textBaseline = "middle";
    context.textAlign = "left";
    const boxes: Box[] = [];
    const write = (text: string, y: number, colour: string): void => {
      const wide = context.measureText(text).width;
      boxes.push({ left: at, right: at + wide, top: y - size / 2, bottom: y + size / 2 });
      context.lineWidth = 3;
      context.strokeStyle = palette.ground;
      context.strokeText(text, at, y);
      context.fillStyle = colour;
      context.fillText(text, at, y);
    };
    if (!hasValidation) {
      write("training", train, palette.text);
      return boxes;
    }
    const heights = spread(train, py(last, measure.validation), size * 1.15, size / 2, height - size / 2);
    write("training", heights[0], palette.text);
    write("validation", heights[1], palette.accent);
    return boxes;
  }

  function drawMark(
    row: number, rule: string, curve: Curve, px: Row, py: Point, palette: Palette,
  ): void {
    const { context } = sheet;
    const at = px(row);
    context.strokeStyle = rule;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(Math.round(at) + 0.5, 0);
    context.lineTo(Math.round(at) + 0.5, height);
    context.stroke();
    const { train, validation } = measure;
    for (const [column, colour] of [[train, palette.text], [validation, palette.accent]] as const) {
      if (Number.isNaN(curve.data[row * ROW + column] ?? Number.NaN)) continue;
      context.beginPath();
      context.arc(at, py(row, column), 3 * palette.scale, 0, 2 * Math.PI);
      context.fillStyle = colour;
      context.fill();
    }
  }

  /** What is under the pointer, or at the scrubber where it is in use. */
  function tellPointer(curve: Curve, { epoch: shown, span }: Frame): string {
    const used = span.scrubbed || scrubber.focused;
    if ((pointer === null && !used) || curve.rows === 0) return "";
    const row = nearestRow(curve, pointer === null ? shown : x.invert(pointer));
    const epoch = curve.data[row * ROW] ?? 0;
    const [train, validation] = numbersAt(curve, row);
    const where = Number.isInteger(epoch) ? formatCount(epoch) : formatValue(epoch, 1);
    return `epoch ${where}   training ${train}   validation ${validation}`;
  }

  /** What is drawn in a row, in words: training, validation. */
  function numbersAt({ data }: Curve, row: number): [string, string] {
    const { train, validation, format } = measure;
    return [format(data[row * ROW + train] ?? null), format(data[row * ROW + validation] ?? null)];
  }

  return {
    figure,
    paint({ scene }, palette, fresh) {
      if (fresh) layOut(palette);
      if (scene === null) return;
      offer(scene);
      if (scene.kept !== kept) {
        kept = scene.kept;
        extent = extentOf(kept, measure);
      }
      draw(scene, palette);
      const { frame } = scene;
      value.set(tellPointer(scene.curve, frame) || tellRate(frame.learningRate));
      scrubber.update(frame);
      scrubber.place(
        margin.left, margin.left + x(frame.span.end), margin.bottom + (SCRUBBER * palette.scale) / 2,
      );
      runs.update(kept, frame);
    },
    describe({ scene }) {
      if (scene === null || scene.curve.rows === 0) return "Losses over the epochs. None yet.";
      const { frame, curve, events } = scene;
      const [first] = numbersAt(curve, 0);
      const [train, validation] = numbersAt(curve, curve.rows - 1);
      const what = measure === ACCURACY ? "Accuracies" : "Losses";
      const names = kept.map(({ run }) => `${run.name}, ${formatLoss(run.validationLoss)}`);
      const beside = names.length === 0 ? "" : ` Kept runs, validation loss: ${names.join("; ")}.`;
      const shown = frame.span.scrubbed ? ` Epoch ${formatCount(frame.epoch)} is shown.` : "";
      const rate = frame.learningRate === null ? "" : ` The ${tellRate(frame.learningRate)}.`;
      const marks = events.length === 0 ? "" : ` Marked: ${events.at(-1)?.label ?? ""}.`;
      return (
        `${what} over ${formatCount(frame.span.end)} epochs: training from ${first} to ${train}, ` +
        `validation now ${validation}.${rate}${marks}${shown}${beside}`
      );
    },
  };
}

/** The learning rate, where a schedule changes it. */
function tellRate(rate: number | null): string {
  return rate === null ? "" : `learning rate now ${formatRate(rate)}`;
}

function nameFont(scale: number, family: string): string {
  return `600 ${12 * scale}px ${family}`;
}

type Row = (row: number) => number;
type Point = (row: number, column: number) => number;
