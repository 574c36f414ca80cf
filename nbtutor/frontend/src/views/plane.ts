// The plane: what the network answers everywhere, its boundary, and the data.

import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { boundaryLines } from "../boundary";
import { Raster, Sheet } from "../canvas";
import { contentSize, element, LiveText } from "../dom";
import { markerPath, shapeName } from "../markers";
import type { Surface, View } from "../mount";
import { formatCount, formatShare, formatValue } from "../numbers";
import type { Pictures } from "../protocol";
import type { Scene } from "../scene";
import { CLASS_COUNT, type Palette } from "../theme";

const MARGIN = { top: 6, right: 8, bottom: 22, left: 30 };
const SVG = "http://www.w3.org/2000/svg";

export function planeView({ root, signal, redraw }: Surface): View {
  const caption = element("div", "nbt-caption");
  const title = element("h2", "nbt-caption-title");
  const titleText = new LiveText(title);
  caption.append(title);
  const readout = element("span", "nbt-readout");
  const value = new LiveText(readout);
  caption.append(readout);
  const figure = element("div", "nbt-figure nbt-square");
  const legend = element("ul", "nbt-legend");
  root.append(caption, figure, legend);

  const field = new Sheet(figure, "nbt-sheet");
  const marks = new Sheet(figure, "nbt-sheet");
  const axes = select(figure)
    .append("svg")
    .attr("class", "nbt-axes")
    .attr("aria-hidden", "true");
  const bottom = axes.append("g");
  const left = axes.append("g");
  const raster = new Raster();
  const x = scaleLinear();
  const y = scaleLinear();

  let side = 0;
  let origin = { x: 0, y: 0 };
  let structureVersion = -1;
  let pointsVersion = -1;
  let drawn: Pictures | null = null;
  let pointer: { x: number; y: number } | null = null;

  const canvas = marks.canvas;
  canvas.addEventListener(
    "pointermove",
    (event) => {
      pointer = { x: event.offsetX, y: event.offsetY };
      redraw();
    },
    { signal },
  );
  canvas.addEventListener(
    "pointerleave",
    () => {
      pointer = null;
      redraw();
    },
    { signal },
  );

  function layOut(scene: Scene, scale: number): void {
    const size = contentSize(figure);
    const margin = {
      top: MARGIN.top, right: MARGIN.right, bottom: MARGIN.bottom * scale, left: MARGIN.left * scale,
    };
    side = Math.max(40, Math.floor(Math.min(
      size.width - margin.left - margin.right,
      size.height - margin.top - margin.bottom,
    )));
    origin = {
      x: Math.round((size.width - side - margin.left - margin.right) / 2 + margin.left),
      y: margin.top,
    };
    for (const sheet of [field, marks]) {
      sheet.resize(side, side);
      sheet.canvas.style.left = `${origin.x}px`;
      sheet.canvas.style.top = `${origin.y}px`;
    }
    const [xmin, xmax, ymin, ymax] = scene.structure.domain;
    x.domain([xmin, xmax]).range([0, side]);
    y.domain([ymin, ymax]).range([side, 0]);
    const ticks = side > 420 ? 8 : 5;
    axes.attr("width", size.width).attr("height", size.height);
    bottom
      .attr("transform", `translate(${origin.x},${origin.y + side})`)
      .call(axisBottom(x).ticks(ticks).tickSizeOuter(0).tickSize(4).tickPadding(4));
    left
      .attr("transform", `translate(${origin.x},${origin.y})`)
      .call(axisLeft(y).ticks(ticks).tickSizeOuter(0).tickSize(4).tickPadding(4));
  }

  function drawField({ data, width, height }: Pictures, table: Uint32Array): void {
    raster.paint(data, width, height, table);
    const { context } = field;
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "medium";
    context.drawImage(raster.canvas, 0, 0, side, side);
  }

  function drawBoundary(plane: Pictures, palette: Palette): void {
    const { context } = field;
    const perColumn = side / plane.width;
    const perRow = side / plane.height;
    context.beginPath();
    for (const line of boundaryLines(plane)) {
      line.forEach(([column, row], index) => {
        if (index === 0) context.moveTo(column * perColumn, row * perRow);
        else context.lineTo(column * perColumn, row * perRow);
      });
    }
    context.lineJoin = "round";
    context.strokeStyle = palette.boundary;
    context.lineWidth = 1.5 * palette.scale;
    context.stroke();
  }

  function drawPoints(scene: Scene, palette: Palette): void {
    marks.clear();
    const { context } = marks;
    const radius = Math.max(2.5, Math.min(5, side / 90)) * palette.scale;
    const shapes = Array.from({ length: CLASS_COUNT }, (_, k) => new Path2D(markerPath(k, radius)));
    const { points } = scene;
    // Validation first: training points, the ones that pull, lie on top.
    for (const validation of [1, 0]) {
      for (let at = 0; at < points.length; at += 4) {
        if ((points[at + 3] === 1 ? 1 : 0) !== validation) continue;
        const kind = Math.max(0, Math.trunc(points[at + 2] ?? 0)) % CLASS_COUNT;
        const path = shapes[kind];
        const colour = palette.classes[kind];
        if (path === undefined || colour === undefined) continue;
        const px = x(points[at] ?? 0);
        const py = y(points[at + 1] ?? 0);
        context.translate(px, py);
        if (validation === 1) {
          context.lineWidth = 2.6 * palette.scale;
          context.strokeStyle = palette.outline;
          context.stroke(path);
          context.lineWidth = 1.3 * palette.scale;
          context.strokeStyle = colour;
          context.stroke(path);
        } else {
          context.fillStyle = colour;
          context.fill(path);
          context.lineWidth = 1 * palette.scale;
          context.strokeStyle = palette.outline;
          context.stroke(path);
        }
        context.translate(-px, -py);
      }
    }
  }

  function fillLegend(classes: number): void {
    const entries = Array.from({ length: Math.max(2, classes) }, (_, kind) =>
      legendEntry(kind, `Class ${kind}`, "nbt-mark-filled"),
    );
    entries.push(
      legendEntry(-1, "Training", "nbt-mark-filled"),
      legendEntry(-1, "Validation", "nbt-mark-hollow"),
    );
    legend.replaceChildren(...entries);
  }

  function probabilityAt(plane: Pictures, px: number, py: number): number {
    const column = clamp(Math.floor((px / side) * plane.width), plane.width - 1);
    const row = clamp(Math.floor((py / side) * plane.height), plane.height - 1);
    return (plane.data[row * plane.width + column] ?? 0) / 255;
  }

  return {
    figure,
    paint({ scene, focus }, palette, fresh) {
      if (scene === null) return;
      const anew = fresh || scene.structureVersion !== structureVersion;
      if (anew) {
        if (scene.structureVersion !== structureVersion) fillLegend(scene.structure.classes);
        layOut(scene, palette.scale);
        structureVersion = scene.structureVersion;
      }
      if (anew || scene.pointsVersion !== pointsVersion) {
        drawPoints(scene, palette);
        pointsVersion = scene.pointsVersion;
      }
      titleText.set(focus === null ? "Plane" : `Plane: ${focus.name}`);
      const unit = focus === null ? null : unitPicture(scene.units, focus.picture);
      if (unit !== null) {
        drawField(unit, palette.output);
        drawn = null;
      } else if (scene.plane !== null && (anew || scene.plane !== drawn)) {
        drawField(scene.plane, palette.probability);
        drawBoundary(scene.plane, palette);
        drawn = scene.plane;
      }
      if (pointer === null || scene.plane === null) value.set("");
      else {
        const p = formatValue(probabilityAt(scene.plane, pointer.x, pointer.y));
        value.set(
          `x ${formatValue(x.invert(pointer.x))}   y ${formatValue(y.invert(pointer.y))}   p ${p}`,
        );
      }
    },
    describe({ scene }) {
      if (scene === null) return "The plane of the inputs. Nothing has arrived yet.";
      const { frame, structure, points } = scene;
      const [xmin, xmax, ymin, ymax] = structure.domain;
      let validation = 0;
      for (let at = 3; at < points.length; at += 4) validation += points[at] === 1 ? 1 : 0;
      const training = points.length / 4 - validation;
      return [
        `Plane of the inputs, x from ${formatValue(xmin, 0)} to ${formatValue(xmax, 0)},`,
        `y from ${formatValue(ymin, 0)} to ${formatValue(ymax, 0)}:`,
        `the network's answer as a field, ${training} training and ${validation} validation points.`,
        `At epoch ${formatCount(frame.epoch)} it is right for ${formatShare(frame.trainAccuracy)}`,
        `of the training and ${formatShare(frame.validationAccuracy)} of the validation points.`,
      ].join(" ");
    },
  };
}

/** One picture out of many. */
function unitPicture(units: Pictures | null, index: number): Pictures | null {
  if (units === null || index < 0 || index >= units.count) return null;
  const { width, height, data } = units;
  const size = width * height;
  return { count: 1, width, height, data: data.subarray(index * size, (index + 1) * size) };
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}

function legendEntry(kind: number, label: string, mark: string): HTMLLIElement {
  const entry = element("li", mark);
  const icon = document.createElementNS(SVG, "svg");
  icon.setAttribute("viewBox", "-7 -7 14 14");
  icon.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", markerPath(Math.max(0, kind), 4.5));
  if (kind >= 0) {
    path.style.setProperty("--nbt-mark", `var(--nbt-class-${kind % CLASS_COUNT})`);
    entry.title = `Class ${kind}: ${shapeName(kind)}`;
  }
  icon.append(path);
  entry.append(icon, label);
  return entry;
}
