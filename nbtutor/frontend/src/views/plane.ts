// The plane: what the network answers everywhere, its boundary, and the data.

import { axisBottom, axisLeft } from "d3-axis";
import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { planeBoundaries } from "../boundary";
import { OUTPUT_CENTRE, unpack } from "../colours";
import { Raster, Sheet } from "../canvas";
import { discreteColours, displayMenu } from "../display";
import { contentSize, element, LiveText } from "../dom";
import { answerAt } from "../field_value";
import { focusedField } from "../focus";
import { markerPath, shapeName } from "../markers";
import type { Surface, View } from "../mount";
import { formatCount, formatLoss, formatShare, formatValue } from "../numbers";
import { TRAITS, type FieldKind, type Pictures, type Stage, type Structure } from "../protocol";
import { ReplicaLayer } from "../replica_layer";
import type { Scene } from "../scene";
import { drawing } from "./draw";
import { probing } from "./probe";
import { drawMarked } from "../slow_marks";
import { CLASS_COUNT, type Palette } from "../theme";

const MARGIN = { top: 6, right: 8, bottom: 22, left: 30 };
const SVG = "http://www.w3.org/2000/svg";

export function planeView({ root, model, signal, act, redraw }: Surface): View {
  const caption = element("div", "nbt-caption");
  const title = element("h2", "nbt-caption-title");
  const titleText = new LiveText(title);
  caption.append(title);
  const readout = element("span", "nbt-readout");
  const value = new LiveText(readout);
  // The choices change what is drawn from the same picture, so all is drawn anew.
  let chosen = 0;
  const display = displayMenu(
    model,
    () => {
      chosen += 1;
      redraw();
    },
    signal,
  );
  caption.append(readout, display.menu);
  const figure = element("div", "nbt-figure nbt-square");
  const legend = element("ul", "nbt-legend");
  const x = scaleLinear();
  const y = scaleLinear();
  let pointer: { x: number; y: number } | null = null;
  const setPointer = (place: typeof pointer): void => {
    pointer = place;
    redraw();
  };
  const scales = {
    toPixels: (px: number, py: number): [number, number] => [x(px), y(py)],
    toPlane: (px: number, py: number): [number, number] => [x.invert(px), y.invert(py)],
  };
  const draw = drawing(root, model, signal, act, redraw, { ...scales, setPointer });
  caption.append(draw.switch);
  root.prepend(caption, draw.tools, figure, legend);
  const probe = probing(root, signal, redraw, scales);

  const field = new Sheet(figure, "nbt-sheet");
  const replicas = new ReplicaLayer(figure, redraw, signal);
  const marks = new Sheet(figure, "nbt-sheet");
  const axes = select(figure)
    .append("svg")
    .attr("class", "nbt-axes")
    .attr("aria-hidden", "true");
  const bottom = axes.append("g");
  const left = axes.append("g");
  const raster = new Raster();

  let side = 0;
  let origin = { x: 0, y: 0 };
  let structureVersion = -1;
  let pointsVersion = -1;
  let chosenDrawn = -1;
  let drawn: Pictures | null = null;
  let hidden = false;
  let drawnField: Pictures | null = null;
  let stage: Stage | null = null;

  const canvas = marks.canvas;
  canvas.addEventListener(
    "pointermove",
    (event) => setPointer({ x: event.offsetX, y: event.offsetY }),
    { signal },
  );
  canvas.addEventListener("pointerleave", () => setPointer(null), { signal });

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
    const place = { left: figure.offsetLeft + origin.x, top: figure.offsetTop + origin.y, side };
    draw.layOut(place);
    probe.layOut(place);
    replicas.place(side, origin.x, origin.y);
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

  function colours(kind: FieldKind, table: Uint32Array): Uint32Array {
    return display.isOn(TRAITS.discretize) ? discreteColours(kind, table) : table;
  }

  function drawBoundary(plane: Pictures, { kind, classes }: Structure, palette: Palette): void {
    const { context } = field;
    const perColumn = side / plane.width;
    const perRow = side / plane.height;
    context.beginPath();
    for (const line of planeBoundaries(plane, kind, classes)) {
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
    if (hidden) return;
    const { context } = marks;
    const radius = Math.max(2.5, Math.min(5, side / 90)) * palette.scale;
    const shapes = Array.from({ length: CLASS_COUNT }, (_, k) => new Path2D(markerPath(k, radius)));
    const { points, structure } = scene;
    const values = structure.kind === "value";
    // Validation first: training points, the ones that pull, lie on top.
    for (const validation of display.isOn(TRAITS.showValidation) ? [1, 0] : [0]) {
      for (let at = 0; at < points.length; at += 4) {
        if ((points[at + 3] === 1 ? 1 : 0) !== validation) continue;
        const answer = points[at + 2] ?? 0;
        const kind = values ? 0 : Math.max(0, Math.trunc(answer)) % CLASS_COUNT;
        const path = shapes[kind];
        const colour = values ? valueColour(answer, palette) : palette.classes[kind];
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

  function fillLegend({ kind, classes, classNames }: Structure): void {
    const entries = Array.from({ length: classes }, (_, index) =>
      legendEntry(index, classNames[index] ?? `Class ${index}`, "nbt-mark-filled"),
    );
    if (kind === "value") entries.push(valueEntry());
    entries.push(
      legendEntry(-1, "Training", "nbt-mark-filled"),
      legendEntry(-1, "Validation", "nbt-mark-hollow"),
    );
    legend.replaceChildren(...entries);
  }

  return {
    figure,
    paint(picture, palette, fresh) {
      const { scene, focus } = picture;
      if (scene === null) return;
      const anew = fresh || scene.structureVersion !== structureVersion || chosen !== chosenDrawn;
      chosenDrawn = chosen;
      if (anew) {
        if (scene.structureVersion !== structureVersion) fillLegend(scene.structure);
        layOut(scene, palette.scale);
        structureVersion = scene.structureVersion;
      }
      const hide = draw.hidesPoints();
      const moved = scene.pointsVersion !== pointsVersion || scene.frame.stage !== stage;
      if (anew || moved || hide !== hidden) {
        hidden = hide;
        drawPoints(scene, palette);
        stage = scene.frame.stage;
        if (stage !== null) drawMarked(marks.context, stage.marked, x, y, palette);
        pointsVersion = scene.pointsVersion;
      }
      draw.paint(picture, palette);
      titleText.set(focus === null ? "Plane" : `Plane: ${focus.name}`);
      const large = focus === null ? null : focusedField(focus, scene, palette);
      const shown = replicas.field(scene);
      if (large !== null) {
        // The probability of one class among several has no steps.
        drawField(large.field, focus?.of === "output" ? large.table : colours("value", large.table));
        drawn = null;
      } else if (
        scene.plane !== null && shown !== null &&
        (anew || scene.plane !== drawn || shown !== drawnField)
      ) {
        const { kind } = scene.structure;
        drawField(shown, colours(kind, palette.fields[kind]));
        drawBoundary(scene.plane, scene.structure, palette);
        drawn = scene.plane;
        drawnField = shown;
      }
      replicas.paint(scene, palette, legend, large !== null);
      const spot = shown === null ? null : probe.at(pointer);
      if (spot === null || shown === null) {
        value.set("");
        probe.tell(null, "");
      } else {
        const { kind } = scene.structure;
        const prefix = replicas.prefix(scene);
        const { short, long } = answerAt(shown, kind, spot.x / side, spot.y / side);
        const at = `x ${formatValue(x.invert(spot.x))}   y ${formatValue(y.invert(spot.y))}`;
        value.set(`${at}   ${prefix}${short}`);
        probe.tell(spot, prefix + long);
      }
    },
    describe({ scene }) {
      if (scene === null) return "The plane of the inputs. Nothing has arrived yet.";
      const { frame, structure, points } = scene;
      const [xmin, xmax, ymin, ymax] = structure.domain;
      let validation = 0;
      for (let at = 3; at < points.length; at += 4) validation += points[at] === 1 ? 1 : 0;
      const training = points.length / 4 - validation;
      const success = structure.kind === "value"
        ? [
            `At epoch ${formatCount(frame.epoch)} its squared error is`,
            `${formatLoss(frame.trainLoss)} on the training and`,
            `${formatLoss(frame.validationLoss)} on the validation points.`,
          ]
        : [
            `At epoch ${formatCount(frame.epoch)} it is right for ${formatShare(frame.trainAccuracy)}`,
            `of the training and ${formatShare(frame.validationAccuracy)} of the validation points.`,
          ];
      return [
        `Plane of the inputs, x from ${formatValue(xmin, 0)} to ${formatValue(xmax, 0)},`,
        `y from ${formatValue(ymin, 0)} to ${formatValue(ymax, 0)}:`,
        `the network's answer as a field, ${training} training and ${validation} validation points.`,
        ...success,
        replicas.describe(scene),
      ].join(" ").trim();
    },
  };
}

/** The colour of a value in the field, in full. */
function valueColour(value: number, palette: Palette): string {
  const byte = clamp(Math.round(OUTPUT_CENTRE + 127 * Math.max(-1, Math.min(1, value))), 255);
  return `rgb(${unpack(palette.output[byte] ?? 0).join(" ")})`;
}

function clamp(value: number, most: number): number {
  return Math.max(0, Math.min(most, value));
}

/** A scale from -1 to 1 in the field's colours. */
function valueEntry(): HTMLLIElement {
  const entry = element("li", "nbt-value-scale");
  entry.append("\u22121", element("span", "nbt-value-ramp"), "1");
  entry.title = "Values from \u22121 to 1";
  return entry;
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
