// The network: every unit with the picture of what it answers over the plane, links by weight.

import { Raster, Sheet } from "../canvas";
import { contentSize, element, LiveText } from "../dom";
import type { Surface, View } from "../mount";
import {
  layOutNetwork, LEVELS, linkAt, unitAt, weightLevel, type NetworkLayout, type Unit,
} from "../network_layout";
import { layerButtons } from "./layer_buttons";
import { formatValue } from "../numbers";
import type { Structure } from "../protocol";
import type { Scene } from "../scene";
import type { Palette } from "../theme";

const HEADING_HEIGHT = 22;
const FOOT_HEIGHT = 20;
const NARROW_COLUMN = 66;
const REACH = 7;
const TIP_GAP = 14;

type Target = { readonly kind: "unit" | "link"; readonly index: number };

export function networkView(surface: Surface): View {
  const { root, signal, redraw, focus } = surface;
  const key = element("div", "nbt-key");
  key.append(
    element("span", "nbt-key-positive", "positive weight"),
    element("span", "nbt-key-negative", "negative weight"),
    element("span", "nbt-key-bias", "bias"),
  );
  const figure = element("div", "nbt-figure");
  root.append(figure, key);
  const heads = layerButtons(surface);
  const sheet = new Sheet(figure, "nbt-sheet");
  const labels = element("div", "nbt-labels");
  labels.setAttribute("aria-hidden", "true");
  const tip = element("div", "nbt-tip");
  tip.setAttribute("aria-hidden", "true");
  tip.hidden = true;
  const tipText = new LiveText(tip);
  figure.append(labels, tip);

  const unitPictures = new Raster();
  const inputPictures = new Raster();
  const outputPicture = new Raster();
  const sharePictures: Raster[] = [];
  let layout: NetworkLayout | null = null;
  let buckets = new Uint8Array(0);
  let structureVersion = -1;
  let headsHeight = 0;
  let pointer: { x: number; y: number } | null = null;
  let target: Target | null = null;
  let structure: Structure | null = null;

  figure.addEventListener(
    "pointermove",
    (event) => {
      const box = figure.getBoundingClientRect();
      pointer = { x: event.clientX - box.left, y: event.clientY - box.top };
      aim();
      redraw();
    },
    { signal },
  );
  figure.addEventListener(
    "pointerleave",
    () => {
      pointer = null;
      aim();
      redraw();
    },
    { signal },
  );

  /** Finds what the pointer is over; a hidden unit is shown large on the plane. */
  function aim(): void {
    target = layout === null || pointer === null ? null : findTarget(layout, pointer.x, pointer.y);
    const unit = target?.kind === "unit" ? layout?.units[target.index] : undefined;
    const isHidden = unit !== undefined && unit.layer > 0 && unit.layer < layers(structure) - 1;
    if (!isHidden || structure === null) focus(null);
    else {
      const before = layout?.units.indexOf(unit) ?? 0;
      focus({ picture: before - (structure.shown[0] ?? 0), name: unitName(unit, structure) });
    }
  }

  function layOut(structure: Structure, scale: number): NetworkLayout {
    const { width, height } = contentSize(figure);
    sheet.resize(width, height);
    const longest = Math.max(...structure.inputs.map((name) => name.length));
    const made = layOutNetwork(structure.layers, structure.shown, {
      width,
      height,
      top: (HEADING_HEIGHT + heads.height()) * scale,
      bottom: FOOT_HEIGHT * scale,
      left: (8 + 7 * longest) * scale,
      right: 6 * scale,
      largestUnit: Math.max(44 * scale, Math.min(80 * scale, height * 0.14)),
    });
    buckets = new Uint8Array(made.links.length);
    labels.replaceChildren(...makeLabels(made, structure, scale));
    heads.place(made.columns, made.spacing, HEADING_HEIGHT * scale, scale);
    headsHeight = heads.height();
    return made;
  }

  function drawLinks(made: NetworkLayout, weights: Float32Array, palette: Palette): void {
    const { context } = sheet;
    made.links.forEach((link, index) => {
      const weight = weights[link.weight] ?? 0;
      buckets[index] = weightLevel(weight) + (weight < 0 ? LEVELS : 0);
    });
    for (let level = 0; level < LEVELS; level += 1) {
      for (const negative of [false, true]) {
        const bucket = level + (negative ? LEVELS : 0);
        context.beginPath();
        let any = false;
        for (let index = 0; index < buckets.length; index += 1) {
          if (buckets[index] !== bucket) continue;
          any = true;
          trace(context, made, index);
        }
        if (!any) continue;
        const width = (0.6 + (level / (LEVELS - 1)) * 4.6) * palette.scale;
        context.lineWidth = width;
        context.strokeStyle = negative ? palette.negative : palette.positive;
        context.globalAlpha = 0.28 + 0.68 * (level / (LEVELS - 1));
        context.setLineDash(negative ? [3 + width * 1.5, 2 + width] : []);
        context.stroke();
      }
    }
    context.globalAlpha = 1;
    context.setLineDash([]);
  }

  function drawUnits(made: NetworkLayout, scene: Scene, palette: Palette): void {
    const { context } = sheet;
    const { units, inputs, plane, outputs, weights } = scene;
    if (units !== null && units.count > 0) {
      unitPictures.paint(units.data, units.width, units.height * units.count, palette.output);
    }
    if (inputs !== null) {
      inputPictures.paint(inputs.data, inputs.width, inputs.height * inputs.count, palette.output);
    }
    if (plane !== null) {
      const table = palette.fields[scene.structure.kind];
      outputPicture.paint(plane.data, plane.width, plane.height, table);
    }
    for (let kind = 0; outputs !== null && kind < outputs.count; kind += 1) {
      const size = outputs.width * outputs.height;
      const share = outputs.data.subarray(kind * size, (kind + 1) * size);
      const raster = (sharePictures[kind] ??= new Raster());
      const table = palette.shares[kind % palette.shares.length] ?? palette.output;
      raster.paint(share, outputs.width, outputs.height, table);
    }
    const last = made.columns.length - 1;
    let hidden = 0;
    context.imageSmoothingEnabled = true;
    made.units.forEach((unit, index) => {
      const left = Math.round(unit.x - unit.size / 2);
      const top = Math.round(unit.y - unit.size / 2);
      context.fillStyle = palette.surface;
      context.fillRect(left, top, unit.size, unit.size);
      if (unit.layer === last) {
        const several = outputs !== null && outputs.count > 0;
        const picture = several ? sharePictures[unit.index] : outputPicture;
        if (plane !== null && picture !== undefined) {
          context.drawImage(picture.canvas, left, top, unit.size, unit.size);
        }
      } else {
        const pictures = unit.layer === 0 ? inputs : units;
        const raster = unit.layer === 0 ? inputPictures : unitPictures;
        const at = unit.layer === 0 ? unit.index : hidden++;
        if (pictures !== null) {
          const { width, height } = pictures;
          context.drawImage(
            raster.canvas, 0, at * height, width, height, left, top, unit.size, unit.size,
          );
        }
      }
      const marked = target?.kind === "unit" && target.index === index;
      context.strokeStyle = marked ? palette.accent : palette.quiet;
      context.lineWidth = marked ? 2.5 : 1;
      context.strokeRect(left + 0.5, top + 0.5, unit.size - 1, unit.size - 1);
      const bias = made.biases[index] ?? -1;
      if (bias >= 0 && weights !== null) drawBias(left, top, unit, weights[bias] ?? 0, palette);
    });
  }

  function drawBias(left: number, top: number, unit: Unit, bias: number, palette: Palette): void {
    const { context } = sheet;
    const share = (weightLevel(bias) + 1) / LEVELS;
    const size = Math.max(3, Math.round(Math.min(12 * palette.scale, unit.size * 0.3) * share));
    context.fillStyle = bias < 0 ? palette.negative : palette.positive;
    context.strokeStyle = palette.ground;
    context.lineWidth = 1;
    const bottom = top + unit.size;
    context.fillRect(left - 2, bottom + 2 - size, size, size);
    context.strokeRect(left - 2.5, bottom + 1.5 - size, size + 1, size + 1);
  }

  function showTip(made: NetworkLayout, scene: Scene): void {
    if (target === null || pointer === null || scene.weights === null) {
      tip.hidden = true;
      return;
    }
    tipText.set(tell(target, made, scene, scene.weights));
    tip.hidden = false;
    const { width, height } = contentSize(figure);
    const own = tip.getBoundingClientRect();
    const beside = pointer.x > width / 2 ? pointer.x - TIP_GAP - own.width : pointer.x + TIP_GAP;
    tip.style.left = `${Math.max(0, Math.min(width - own.width, beside))}px`;
    tip.style.top = `${Math.min(pointer.y + TIP_GAP, height - own.height)}px`;
  }

  return {
    figure,
    paint({ scene }, palette, fresh) {
      if (scene === null) return;
      structure = scene.structure;
      const moved = heads.height() !== headsHeight;
      if (fresh || moved || layout === null || scene.structureVersion !== structureVersion) {
        layout = layOut(scene.structure, palette.scale);
        structureVersion = scene.structureVersion;
        aim();
      }
      sheet.clear();
      if (scene.weights !== null) {
        drawLinks(layout, scene.weights, palette);
        if (target?.kind === "link") {
          const { context } = sheet;
          context.beginPath();
          trace(context, layout, target.index);
          context.strokeStyle = palette.accent;
          context.lineWidth = 2.5 * palette.scale;
          context.stroke();
        }
      }
      drawUnits(layout, scene, palette);
      showTip(layout, scene);
    },
    describe({ scene }) {
      if (scene === null) return "The network. Nothing has arrived yet.";
      const { layers, inputs } = scene.structure;
      const hidden = layers.slice(1, -1);
      const middle =
        hidden.length === 0
          ? "no hidden layer"
          : `${hidden.length} hidden ${hidden.length === 1 ? "layer" : "layers"} of ` +
            `${hidden.join(", ")} units (${scene.frame.activation})`;
      const outputs = layers.at(-1) === 1 ? "one output" : `${layers.at(-1) ?? 0} outputs`;
      return `Network: inputs ${inputs.join(", ")}; ${middle}; ${outputs}.${strongest(scene)}`;
    },
  };
}

function findTarget(layout: NetworkLayout, x: number, y: number): Target | null {
  const unit = unitAt(layout, x, y);
  if (unit >= 0) return { kind: "unit", index: unit };
  const link = linkAt(layout, x, y, REACH);
  return link >= 0 ? { kind: "link", index: link } : null;
}

function trace(context: CanvasRenderingContext2D, layout: NetworkLayout, index: number): void {
  const link = layout.links[index];
  if (link === undefined) return;
  const middle = (link.x0 + link.x1) / 2;
  context.moveTo(link.x0, link.y0);
  context.bezierCurveTo(middle, link.y0, middle, link.y1, link.x1, link.y1);
}

function layers(structure: Structure | null): number {
  return structure?.shown.length ?? 0;
}

function unitName(unit: Unit, structure: Structure): string {
  const last = structure.shown.length - 1;
  if (unit.layer === 0) return `input ${structure.inputs[unit.index] ?? unit.index + 1}`;
  if (unit.layer === last) {
    return structure.kind === "winner" ? `output class ${unit.index}` : "the output";
  }
  return `hidden ${unit.layer}, unit ${unit.index + 1}`;
}

function tell(
  target: Target, layout: NetworkLayout, { structure }: Scene, weights: Float32Array,
): string {
  if (target.kind === "link") {
    const link = layout.links[target.index];
    if (link === undefined) return "";
    const weight = formatValue(weights[link.weight] ?? Number.NaN, 3);
    return `${unitName(link.from, structure)} to ${unitName(link.to, structure)}: weight ${weight}`;
  }
  const unit = layout.units[target.index];
  if (unit === undefined) return "";
  const bias = layout.biases[target.index] ?? -1;
  const name = unitName(unit, structure);
  return bias < 0 ? name : `${name}: bias ${formatValue(weights[bias] ?? Number.NaN, 3)}`;
}

function strongest({ weights, structure }: Scene): string {
  if (weights === null) return "";
  const { links } = layOutNetwork(structure.layers, structure.shown, {
    width: 1, height: 1, top: 0, bottom: 0, left: 0, right: 0, largestUnit: 1,
  });
  let best = links[0];
  for (const link of links) {
    if (Math.abs(weights[link.weight] ?? 0) > Math.abs(weights[best?.weight ?? 0] ?? 0)) best = link;
  }
  if (best === undefined) return "";
  const weight = formatValue(weights[best.weight] ?? 0);
  return (
    ` The strongest link, from ${unitName(best.from, structure)} to ` +
    `${unitName(best.to, structure)}, has weight ${weight}.`
  );
}

function makeLabels(layout: NetworkLayout, structure: Structure, scale: number): HTMLElement[] {
  const last = layout.columns.length - 1;
  const narrow = layout.spacing < NARROW_COLUMN * scale;
  const made: HTMLElement[] = [];
  const put = (className: string, text: string, x: number, y: number): void => {
    const label = element("span", className, text);
    label.style.left = `${x}px`;
    label.style.top = `${y}px`;
    made.push(label);
  };
  for (const { layer, x, bottom, hidden } of layout.columns) {
    const ends = layer === 0 ? ["Inputs", "In"] : layer === last ? ["Output", "Out"] : null;
    const name = ends === null ? [`Hidden ${layer}`, `H${layer}`] : ends;
    put("nbt-label-top", name[narrow ? 1 : 0] ?? "", x, 0);
    if (hidden > 0) put("nbt-label-more", narrow ? `+${hidden}` : `+${hidden} more`, x, bottom + 3);
  }
  for (const unit of layout.units) {
    if (unit.layer !== 0) break;
    const name = structure.inputs[unit.index] ?? "";
    put("nbt-label-input", name, unit.x - unit.size / 2 - 6 * scale, unit.y);
  }
  return made;
}
