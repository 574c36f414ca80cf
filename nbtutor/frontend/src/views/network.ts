// The network: every unit with the picture of what it answers over the plane, links by weight.

import { Raster, Sheet } from "../canvas";
import {
  middleOf, numberOf, placeOf, sameTarget, targetName, tellTarget, unitName, type Target,
} from "../diagram";
import { contentSize, element, LiveText } from "../dom";
import type { Focus } from "../hub";
import type { Surface, View } from "../mount";
import {
  layOutNetwork, LEVELS, linkAt, unitAt, weightLevel, type NetworkLayout, type Unit,
} from "../network_layout";
import { formatValue } from "../numbers";
import { parseNames, TRAITS, type Structure } from "../protocol";
import type { Scene } from "../scene";
import { stageLinks, stageUnits } from "../slow_marks";
import type { Palette } from "../theme";
import { diagramParts } from "./diagram_parts";
import { layerButtons } from "./layer_buttons";
import { layerControls } from "./layer_controls";
import { weightEditor } from "./weight_editor";

const HEADING_HEIGHT = 22;
/** What the buttons over a column need, side by side or one over the other. */
const STEPPER_HEIGHT = { flat: 28, upright: 78 };
const STEPPER_WIDTH = 62;
const FOOT_HEIGHT = 20;
const NARROW_COLUMN = 66;
/** How near to a link is on it, for a pointer and for a finger. */
const REACH = 7;
const TOUCH_REACH = 14;
const TIP_GAP = 14;

export function networkView(surface: Surface): View {
  const { root, model, signal, redraw, focus, act } = surface;
  const key = element("div", "nbt-key");
  key.append(
    element("span", "nbt-key-positive", "positive weight"),
    element("span", "nbt-key-negative", "negative weight"),
    element("span", "nbt-key-bias", "bias"),
  );
  const figure = element("div", "nbt-figure");
  // The drawing is a picture to a screen reader; what can be operated lies over it.
  const drawing = element("div", "nbt-diagram");
  const controls = layerControls(act);
  root.append(controls.bar, figure, key);
  figure.append(drawing);
  const heads = layerButtons(surface);
  const sheet = new Sheet(drawing, "nbt-sheet");
  const labels = element("div", "nbt-labels");
  labels.setAttribute("aria-hidden", "true");
  const tip = element("div", "nbt-tip");
  tip.setAttribute("aria-hidden", "true");
  tip.hidden = true;
  const tipText = new LiveText(tip);
  const parts = diagramParts((part) => {
    // A mouse leaves the focus where it clicked, and what it points at counts.
    const byMouse = !touched && document.activeElement?.matches(":focus-visible") === false;
    focused = byMouse ? null : part;
    aim();
  }, signal);
  figure.append(labels, parts.root, controls.heads, tip);
  const editor = weightEditor(figure, act, (back) => {
    const from = edited;
    edited = null;
    if (back && from !== null) parts.focus(from);
    aim();
  }, signal);

  const unitPictures = new Raster();
  const inputPictures = new Raster();
  const outputPicture = new Raster();
  const sharePictures: Raster[] = [];
  let layout: NetworkLayout | null = null;
  let buckets = new Uint8Array(0);
  let structureVersion = -1;
  let headsHeight = 0;
  let seq = -1;
  let pointer: { x: number; y: number } | null = null;
  let hovered: Target | null = null;
  let focused: Target | null = null;
  let edited: Target | null = null;
  /** What is marked: the one that is edited, pointed at, or has the keyboard's focus. */
  let target: Target | null = null;
  let touched = false;
  let structure: Structure | null = null;
  let weights: Float32Array | null = null;
  let editable = true;

  figure.addEventListener("pointerdown", ({ pointerType }) => {
    touched = pointerType === "touch";
  }, { signal, capture: true });
  figure.addEventListener("keydown", () => {
    touched = false;
  }, { signal, capture: true });
  figure.addEventListener("pointermove", (event) => {
    pointer = within(event);
    aim();
  }, { signal });
  figure.addEventListener("pointerleave", () => {
    pointer = null;
    aim();
  }, { signal });
  figure.addEventListener("click", (event) => {
    if (controls.heads.contains(event.target as Node)) return;
    // The keyboard and assistive programs click without a place.
    const at = event.detail === 0 ? null : within(event);
    const found = at === null ? parts.partOf(event.target) : findAt(at);
    if (found !== null) edit(found, at, (event as PointerEvent).pointerType === "touch");
  }, { signal });

  function within(event: MouseEvent): { x: number; y: number } {
    const box = figure.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  function findAt({ x, y }: { x: number; y: number }): Target | null {
    if (layout === null) return null;
    return findTarget(layout, x, y, touched ? TOUCH_REACH : REACH);
  }

  /** Finds what is pointed at; a unit's field is shown large on the plane. */
  function aim(): void {
    hovered = pointer === null || edited !== null ? null : findAt(pointer);
    const next = edited ?? hovered ?? focused;
    figure.classList.toggle("nbt-editable", editable && hovered !== null);
    // While a number is set, the plane shows what it does to the network's answer.
    focus(edited === null && next !== null ? fieldOf(next) : null);
    target = next;
    redraw();
  }

  function fieldOf({ kind, index }: Target): Focus | null {
    const unit = kind === "unit" ? layout?.units[index] : undefined;
    if (unit === undefined || structure === null) return null;
    const name = unitName(unit, structure);
    const last = structure.shown.length - 1;
    if (unit.layer === 0) return { of: "input", picture: unit.index, name };
    if (unit.layer === last) return { of: "output", picture: unit.index, name };
    return { of: "unit", picture: index - (structure.shown[0] ?? 0), name };
  }

  function edit(found: Target, at: { x: number; y: number } | null, touch: boolean): void {
    if (layout === null || structure === null) return;
    const place = placeOf(found, layout);
    const value = weights?.[numberOf(found, layout)];
    if (!editable || place === null || value === undefined || !Number.isFinite(value)) {
      parts.focus(found);
      return;
    }
    if (sameTarget(found, edited)) return;
    editor.close();
    edited = found;
    const unit = found.kind === "unit" ? layout.units[found.index] : undefined;
    const spot = { ...(at ?? middleOf(found, layout)), ...unit, reach: (unit?.size ?? 0) / 2 };
    editor.show(place, targetName(found, layout, structure), value, spot, touch);
    aim();
  }

  const restrict = (): void => {
    const [hidden, locked] = [TRAITS.hidden, TRAITS.locked].map((trait) =>
      parseNames(trait, model.get(trait) ?? []),
    ) as [readonly string[], readonly string[]];
    controls.restrict(hidden.includes("hidden"), locked.includes("hidden"));
    editable = !locked.includes("weights");
    if (!editable) editor.close();
    parts.setEditable(editable);
    structureVersion = -1;
  };
  const change = (): void => {
    restrict();
    redraw();
  };
  for (const trait of [TRAITS.hidden, TRAITS.locked]) {
    model.on(`change:${trait}`, change);
    signal.addEventListener("abort", () => model.off(`change:${trait}`, change));
  }
  restrict();

  function layOut(structure: Structure, scale: number): NetworkLayout {
    const { width, height } = contentSize(figure);
    sheet.resize(width, height);
    const longest = Math.max(...structure.inputs.map((name) => name.length));
    const upright = width / structure.layers.length < STEPPER_WIDTH * scale;
    const steppers = controls.heads.hidden || structure.layers.length === 2
      ? 0
      : STEPPER_HEIGHT[upright ? "upright" : "flat"];
    const made = layOutNetwork(structure.layers, structure.shown, {
      width,
      height,
      top: (HEADING_HEIGHT + steppers + heads.height()) * scale,
      bottom: FOOT_HEIGHT * scale,
      left: (8 + 7 * longest) * scale,
      right: 6 * scale,
      largestUnit: Math.max(44 * scale, Math.min(80 * scale, height * 0.14)),
    });
    buckets = new Uint8Array(made.links.length);
    labels.replaceChildren(...makeLabels(made, structure, scale, width));
    controls.show(made, structure, upright);
    const top = figure.offsetTop + (HEADING_HEIGHT + steppers) * scale;
    heads.place(made.columns, made.spacing, top, scale);
    headsHeight = heads.height();
    parts.layOut(made, structure);
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

  /** Marks what a stage of slow motion is about. */
  function drawStage(made: NetworkLayout, { frame }: Scene, palette: Palette): void {
    if (frame.stage === null) return;
    const { context } = sheet;
    context.strokeStyle = palette.accent;
    context.lineWidth = 2 * palette.scale;
    context.beginPath();
    for (const index of stageLinks(made, frame.stage)) trace(context, made, index);
    context.stroke();
    for (const { unit, chosen } of stageUnits(made, frame.stage)) {
      const wide = (chosen ? 4 : 1.5) * palette.scale;
      const side = unit.size + wide + 2;
      context.lineWidth = wide;
      context.strokeRect(unit.x - side / 2, unit.y - side / 2, side, side);
    }
  }

  function showTip(made: NetworkLayout, scene: Scene): void {
    if (target === null || edited !== null || scene.weights === null) {
      tip.hidden = true;
      return;
    }
    const at = hovered !== null && pointer !== null ? pointer : middleOf(target, made);
    tipText.set(tellTarget(target, made, scene.structure, scene.weights));
    tip.hidden = false;
    const { width, height } = contentSize(figure);
    const own = tip.getBoundingClientRect();
    const beside = at.x > width / 2 ? at.x - TIP_GAP - own.width : at.x + TIP_GAP;
    tip.style.left = `${Math.max(0, Math.min(width - own.width, beside))}px`;
    tip.style.top = `${Math.min(at.y + TIP_GAP, height - own.height)}px`;
  }

  return {
    figure: drawing,
    paint({ scene }, palette, fresh) {
      if (scene === null) return;
      ({ structure, weights } = scene);
      parts.tell(weights);
      const moved = heads.height() !== headsHeight;
      if (fresh || moved || layout === null || scene.structureVersion !== structureVersion) {
        if (scene.structureVersion !== structureVersion) editor.close();
        layout = layOut(scene.structure, palette.scale);
        structureVersion = scene.structureVersion;
        aim();
      }
      if (edited !== null) {
        const number = weights?.[numberOf(edited, layout)];
        editor.update(number ?? Number.NaN, scene.frame.seq !== seq);
      }
      seq = scene.frame.seq;
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
      drawStage(layout, scene, palette);
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

function findTarget(layout: NetworkLayout, x: number, y: number, reach: number): Target | null {
  const unit = unitAt(layout, x, y);
  if (unit >= 0) return { kind: "unit", index: unit };
  const link = linkAt(layout, x, y, reach);
  return link >= 0 ? { kind: "link", index: link } : null;
}

function trace(context: CanvasRenderingContext2D, layout: NetworkLayout, index: number): void {
  const link = layout.links[index];
  if (link === undefined) return;
  const middle = (link.x0 + link.x1) / 2;
  context.moveTo(link.x0, link.y0);
  context.bezierCurveTo(middle, link.y0, middle, link.y1, link.x1, link.y1);
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

function makeLabels(
  layout: NetworkLayout, structure: Structure, scale: number, width: number,
): HTMLElement[] {
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
    // The output's name is wider than a small unit at the edge.
    put("nbt-label-top", name[narrow ? 1 : 0] ?? "", Math.min(x, width - 22 * scale), 0);
    if (hidden > 0) put("nbt-label-more", narrow ? `+${hidden}` : `+${hidden} more`, x, bottom + 3);
  }
  for (const unit of layout.units) {
    if (unit.layer !== 0) break;
    const name = structure.inputs[unit.index] ?? "";
    put("nbt-label-input", name, unit.x - unit.size / 2 - 6 * scale, unit.y);
  }
  return made;
}
