// Drawing on the plane: a row of tools, and a pad that lies over the picture while they are open.

import type { AnyModel } from "@anywidget/types";
import { Sheet } from "../canvas";
import { unpack } from "../colours";
import { element, LiveText } from "../dom";
import type { Act, Picture } from "../hub";
import { markerPath, shapeName } from "../markers";
import { formatCount, formatValue } from "../numbers";
import { button } from "../popover";
import { TRAITS } from "../protocol";
import { SUPPRESS } from "../shortcuts";
import type { Scene } from "../scene";
import {
  among, brushAnswer, GRID, placesAlong, type Spot, spotsOf, spray, toSteps, within, without,
} from "../strokes";
import { CLASS_COUNT, type Palette } from "../theme";
import { tableDialog } from "./table";

const SVG = "http://www.w3.org/2000/svg";
const SEND_EVERY_MS = 50;
// A point that the kernel has not shown by then was refused.
const FORGET_MS = 3_000;
const STEP = 0.25;
const FINE_STEP = 0.05;
/** How far the pointer goes between two points of a spray, and how far they fly, in pixels. */
const SPRAY_EVERY = 7;
const SPRAY_RADIUS = 9;
const REACH = { mouse: 10, touch: 20 };
const MOST_POINTS = 5_000;

const TOOLS = [
  ["add", "Add"],
  ["move", "Move"],
  ["erase", "Erase"],
] as const;
type Tool = (typeof TOOLS)[number][0];

export interface Place {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

/** What the plane lends: its scales, and where the pointer is told of. */
export interface Plane {
  readonly toPixels: (x: number, y: number) => [number, number];
  readonly toPlane: (px: number, py: number) => [number, number];
  readonly setPointer: (pointer: { x: number; y: number } | null) => void;
}

export interface Drawing {
  readonly switch: HTMLElement;
  readonly tools: HTMLElement;
  /** True while the learner has begun anew and the run's points are not to be shown. */
  hidesPoints(): boolean;
  layOut(place: Place): void;
  paint(picture: Picture, palette: Palette): void;
}

export function drawing(
  root: HTMLElement,
  model: AnyModel,
  signal: AbortSignal,
  act: Act,
  redraw: () => void,
  plane: Plane,
): Drawing {
  const toggle = button("nbt-toggle nbt-draw", "Draw");
  toggle.title = "Draw, drag and delete points of your own";
  toggle.setAttribute("aria-expanded", "false");
  const tools = element("div", "nbt-tools");
  tools.setAttribute("role", "group");
  tools.setAttribute("aria-label", "Tools for drawing points");
  tools.hidden = true;

  const brushes = element("div", "nbt-brushes");
  brushes.setAttribute("role", "group");
  const modes = element("div", "nbt-modes");
  modes.setAttribute("role", "group");
  modes.setAttribute("aria-label", "What the pointer does");
  const empty = button("nbt-toggle nbt-empty", "");
  const csv = button("nbt-toggle", "CSV…");
  csv.title = "Paste a table, or choose a file";
  const back = button("nbt-toggle", "Back to generated");
  const hint = element("p", "nbt-tools-hint");
  const hintText = new LiveText(hint);
  hint.setAttribute("role", "status");
  tools.append(brushes, modes, empty, csv, back, hint);

  const pad = element("div", "nbt-pad");
  pad.tabIndex = 0;
  pad.setAttribute(SUPPRESS, "");
  pad.setAttribute("role", "application");
  pad.setAttribute(
    "aria-label",
    "Drawing on the plane: arrow keys move a crosshair, with Shift in small steps. " +
      "Enter or Space puts a point, or does what the chosen tool does there. " +
      "Delete removes the nearest point. 1 to 5 choose a class.",
  );
  const sheet = new Sheet(pad, "nbt-sheet");
  const dialog = tableDialog(root, signal, (text) => act("own_csv", { text }));

  let scene: Scene | null = null;
  let palette: Palette | null = null;
  let version = -1;
  let whole = true;
  let kind = "";
  let tool: Tool = "add";
  let brush = 0;
  let spots: Spot[] = [];
  /** Points of a beginning from nothing, until there are enough for a run; else null. */
  let draft: Spot[] | null = null;
  /** Sent, but not shown by the kernel yet. */
  let added: Spot[] = [];
  let erased: Spot[] = [];
  let queue: Spot[] = [];
  let dragged: { at: Spot; to: [number, number]; sent: boolean } | null = null;
  let begun = false;
  let timer = 0;
  let forgetTimer = 0;
  let pointer: { x: number; y: number } | null = null;
  let last: { x: number; y: number } | null = null;
  let crosshair: [number, number] | null = null;
  let said = "";

  const isOpen = (): boolean => pad.parentElement !== null;
  const values = (): boolean => scene?.structure.kind === "value";
  const domain = (): Scene["structure"]["domain"] => scene?.structure.domain ?? [-6, 6, -6, 6];
  const restless = (): boolean => pointer !== null && last !== null;

  function open(wanted: boolean): void {
    tools.hidden = !wanted;
    if (wanted) root.append(pad);
    else pad.remove();
    toggle.setAttribute("aria-expanded", String(wanted));
    toggle.setAttribute("aria-pressed", String(wanted));
    root.classList.toggle("nbt-drawing", wanted);
    draft = null;
    crosshair = null;
    said = "";
    plane.setPointer(null);
    refresh();
  }

  function refresh(): void {
    kind = "";
    redraw();
  }

  // What the kernel is told.

  function tell(name: string, args: Record<string, unknown>): void {
    act(name, { ...args, go_on: begun });
    begun = true;
    window.clearTimeout(forgetTimer);
    forgetTimer = window.setTimeout(() => {
      added = [];
      erased = [];
      redraw();
    }, FORGET_MS);
  }

  function flush(): void {
    window.clearTimeout(timer);
    timer = 0;
    if (dragged !== null && !dragged.sent) {
      const { at, to } = dragged;
      dragged.sent = true;
      if (to[0] !== at[0] || to[1] !== at[1]) {
        tell("own_move", { point: at, to });
        dragged.at = [to[0], to[1], at[2]];
      }
    }
    if (queue.length === 0) return;
    const points = queue;
    queue = [];
    if (tool === "erase") tell("own_delete", { points });
    else if (draft === null) tell("own_add", { points });
    else begin(points);
  }

  /** Begins anew as soon as there is a point to train on and one to hold out. */
  function begin(points: readonly Spot[]): void {
    draft = [...(draft ?? []), ...points];
    if (draft.length < 2) return;
    act("own_set", { points: draft });
    added = draft;
    draft = null;
    begun = true;
  }

  function later(): void {
    if (timer === 0) timer = window.setTimeout(flush, SEND_EVERY_MS);
    redraw();
  }

  function put(x: number, y: number): void {
    const shown = spots.length + added.length;
    if (draft === null && shown >= MOST_POINTS) {
      said = `There are ${formatCount(MOST_POINTS)} points, which is the most.`;
      redraw();
      return;
    }
    const spot: Spot = [...toSteps(x, y, domain()), brushAnswer(brush, values())];
    queue.push(spot);
    if (draft === null) added.push(spot);
    later();
  }

  function shownSpots(): Spot[] {
    return draft ?? without(spots, erased);
  }

  function reachFor(event?: PointerEvent): number {
    const pixels = event?.pointerType === "touch" ? REACH.touch : REACH.mouse;
    const [x0] = plane.toPlane(0, 0);
    const [x1] = plane.toPlane(pixels, 0);
    return (x1 - x0) * GRID;
  }

  function stepsAt(px: number, py: number): [number, number] {
    return toSteps(...plane.toPlane(px, py), domain());
  }

  function erase(place: [number, number], reach: number, most: number, from = place): Spot[] {
    const hit = within(shownSpots(), place, reach, from).slice(0, most);
    if (hit.length === 0) return hit;
    if (draft !== null) draft = without(draft, hit);
    else if (without(shownSpots(), hit).length < 2) {
      said = "Two points must stay: one is trained on, one is held out. Or start empty.";
      redraw();
      return [];
    } else {
      erased.push(...hit);
      queue.push(...hit);
      later();
    }
    return hit;
  }

  function grab(place: [number, number], reach: number): boolean {
    const [hit] = draft === null ? within(shownSpots(), place, reach) : [];
    dragged = hit === undefined ? null : { at: hit, to: [hit[0], hit[1]], sent: true };
    return dragged !== null;
  }

  function drag(to: [number, number]): void {
    if (dragged === null) return;
    dragged.to = to;
    dragged.sent = false;
    later();
  }

  function finish(): void {
    flush();
    dragged = null;
    begun = false;
    last = null;
    redraw();
  }

  // Pointer.

  pad.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || last !== null) return;
    event.preventDefault();
    pad.focus({ preventScroll: true });
    pad.setPointerCapture(event.pointerId);
    crosshair = null;
    said = "";
    finish();
    last = { x: event.offsetX, y: event.offsetY };
    pointer = last;
    plane.setPointer(pointer);
    if (tool === "add") put(...plane.toPlane(last.x, last.y));
    else if (tool === "erase") erase(stepsAt(last.x, last.y), reachFor(event), Infinity);
    else grab(stepsAt(last.x, last.y), reachFor(event));
    redraw();
  }, { signal });

  pad.addEventListener("pointermove", (event) => {
    pointer = { x: event.offsetX, y: event.offsetY };
    plane.setPointer(pointer);
    if (last !== null) {
      if (tool === "move") drag(stepsAt(pointer.x, pointer.y));
      else if (tool === "erase") {
        const [from, to] = [stepsAt(last.x, last.y), stepsAt(pointer.x, pointer.y)];
        erase(to, reachFor(event), Infinity, from);
        last = pointer;
      } else {
        for (const place of placesAlong(last, pointer, SPRAY_EVERY)) {
          last = place;
          put(...plane.toPlane(...spray(place.x, place.y, SPRAY_RADIUS)));
        }
      }
    }
    redraw();
  }, { signal });

  for (const name of ["pointerup", "pointercancel"] as const) {
    pad.addEventListener(name, (event) => {
      if (last === null) return;
      finish();
      if (event.pointerType === "touch") pointer = null;
    }, { signal });
  }
  pad.addEventListener("pointerleave", () => {
    if (restless()) return;
    pointer = null;
    plane.setPointer(null);
    redraw();
  }, { signal });

  // Keyboard.

  pad.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Tab") return;
    const step = event.shiftKey ? FINE_STEP : STEP;
    const ways: Readonly<Record<string, readonly [number, number]>> = {
      ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step],
    };
    const way = ways[event.key];
    if (event.key === "Escape") {
      toggle.focus();
      open(false);
    } else if (way !== undefined) {
      const [x, y] = crosshair ?? [0, 0];
      const [xs, ys] = toSteps(x + way[0], y + way[1], domain());
      crosshair = [xs / GRID, ys / GRID];
      drag([xs, ys]);
      tellCrosshair();
    } else if (event.key === "Enter" || event.key === " ") {
      crosshair ??= [0, 0];
      useTool(crosshair);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      crosshair ??= pointer === null ? [0, 0] : plane.toPlane(pointer.x, pointer.y);
      remove(crosshair);
    } else if (/^[1-5]$/.test(event.key)) {
      choose(Number(event.key) - 1);
    } else return;
    // What the page does at this key is not meant here.
    event.preventDefault();
    event.stopPropagation();
    redraw();
  }, { signal });
  pad.addEventListener("blur", () => {
    if (dragged !== null) finish();
  }, { signal });

  function useTool(at: [number, number]): void {
    const place = toSteps(...at, domain());
    if (tool === "erase") remove(at);
    else if (tool === "add") {
      put(...at);
      finish();
      said = `${brushName(brush)} put at ${where(at)}.`;
    } else if (dragged !== null) {
      finish();
      said = `Dropped at ${where(at)}.`;
    } else {
      begun = false;
      said = grab(place, reachFor() * 2)
        ? "Picked up. The arrow keys move it, Enter drops it."
        : "No point is near.";
    }
  }

  function remove(at: [number, number]): void {
    const before = tool;
    begun = false;
    tool = "erase";
    const [gone] = erase(toSteps(...at, domain()), reachFor() * 2, 1);
    finish();
    tool = before;
    if (gone !== undefined) said = `Deleted at ${where([gone[0] / GRID, gone[1] / GRID])}.`;
    else said ||= "No point is near.";
  }

  function where([x, y]: readonly [number, number]): string {
    return `x ${formatValue(x)}, y ${formatValue(y)}`;
  }

  function tellCrosshair(): void {
    if (crosshair === null) return;
    const near = within(shownSpots(), toSteps(...crosshair, domain()), reachFor() * 2).length;
    said = `Crosshair at ${where(crosshair)}${near > 0 ? `, ${near} near` : ""}.`;
  }

  // The row of tools.

  function brushName(index: number): string {
    if (values()) return `Value ${formatValue(brushAnswer(index, true) / 1000, 1)}`;
    return scene?.structure.classNames[index] ?? `Class ${index}`;
  }

  function choose(index: number): void {
    brush = index;
    if (tool !== "add") setTool("add");
    refresh();
  }

  function setTool(wanted: Tool): void {
    finish();
    tool = wanted;
    said = "";
    refresh();
  }

  function fillTools(structure: Scene["structure"], colours: Palette): void {
    brushes.setAttribute("aria-label", values() ? "Value to draw" : "Class to draw");
    const focused = [...brushes.children].indexOf(document.activeElement as Element);
    brushes.replaceChildren(
      ...Array.from({ length: CLASS_COUNT }, (_, index) => {
        const name = brushName(index);
        const made = button("nbt-toggle nbt-brush", "");
        made.setAttribute("aria-label", values() ? name : `${name}, ${shapeName(index)}`);
        made.setAttribute("aria-pressed", String(tool === "add" && brush === index));
        made.title = name;
        made.append(markerIcon(index, colours), values() ? name.slice(6) : String(index));
        made.addEventListener("click", () => choose(index));
        return made;
      }),
    );
    if (focused >= 0) (brushes.children[focused] as HTMLElement).focus();
    for (const mode of modes.children) {
      mode.setAttribute("aria-pressed", String((mode as HTMLElement).dataset.tool === tool));
    }
    const count = formatCount(spots.length);
    if (draft !== null) empty.textContent = `Keep the ${count} points`;
    else empty.textContent = structure.own ? "Clear all" : "Start empty";
    back.disabled = !structure.own;
  }

  function markerIcon(index: number, colours: Palette): SVGElement {
    const icon = document.createElementNS(SVG, "svg");
    icon.setAttribute("viewBox", "-7 -7 14 14");
    icon.setAttribute("aria-hidden", "true");
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", markerPath(values() ? 0 : index, 4.5));
    path.style.setProperty(
      "--nbt-mark",
      values() ? valueColour(brushAnswer(index, true), colours) : `var(--nbt-class-${index})`,
    );
    icon.append(path);
    return icon;
  }

  for (const [name, label] of TOOLS) {
    const mode = button("nbt-toggle", label);
    mode.dataset.tool = name;
    mode.addEventListener("click", () => setTool(name));
    modes.append(mode);
  }
  toggle.addEventListener("click", () => open(!isOpen()));
  empty.addEventListener("click", () => {
    finish();
    draft = draft === null ? [] : null;
    tool = "add";
    said = "";
    refresh();
  });
  csv.addEventListener("click", () => dialog.open());
  back.addEventListener("click", () => {
    draft = null;
    act("own_generated", {});
  });
  tools.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    toggle.focus();
    open(false);
  });
  const restrict = (): void => {
    const state = model.get(TRAITS.drawing);
    toggle.hidden = state === "hidden";
    toggle.disabled = state !== "";
    if (state !== "" && isOpen()) open(false);
  };
  model.on(`change:${TRAITS.drawing}`, restrict);
  signal.addEventListener("abort", () => {
    model.off(`change:${TRAITS.drawing}`, restrict);
    window.clearTimeout(timer);
    window.clearTimeout(forgetTimer);
  });
  restrict();

  function hintNow(): string {
    if (said !== "") return said;
    if (draft !== null) {
      return draft.length === 0
        ? "Empty. The run keeps its points until there are two new ones."
        : "One more, and the run starts with these.";
    }
    if (tool === "move") return "Drag a point to another place.";
    if (tool === "erase") return "Click, or drag over points.";
    const name = brushName(brush);
    const start = scene?.structure.own === true ? "" : "Adds to the present points. ";
    return `${start}Click or drag: ${name[0]?.toLowerCase()}${name.slice(1)}.`;
  }

  function mark(spot: Spot, colours: Palette, ring: boolean): void {
    const { context } = sheet;
    const [px, py] = plane.toPixels(spot[0] / GRID, spot[1] / GRID);
    const radius = Math.max(2.5, Math.min(5, sheet.width / 90)) * colours.scale;
    const path = new Path2D(markerPath(values() ? 0 : spot[2], radius));
    context.translate(px, py);
    context.fillStyle = values()
      ? valueColour(spot[2], colours)
      : (colours.classes[spot[2]] ?? colours.text);
    context.fill(path);
    context.strokeStyle = colours.outline;
    context.lineWidth = colours.scale;
    context.stroke(path);
    if (ring) circle(0, 0, radius + 4 * colours.scale, colours);
    context.translate(-px, -py);
  }

  function circle(px: number, py: number, radius: number, colours: Palette): void {
    const { context } = sheet;
    context.beginPath();
    context.arc(px, py, radius, 0, 2 * Math.PI);
    context.strokeStyle = colours.ground;
    context.lineWidth = 4 * colours.scale;
    context.stroke();
    context.strokeStyle = colours.text;
    context.lineWidth = 1.5 * colours.scale;
    context.stroke();
  }

  function drawPad(colours: Palette): void {
    sheet.clear();
    for (const spot of draft ?? added) mark(spot, colours, false);
    if (draft !== null) for (const spot of queue) mark(spot, colours, false);
    if (dragged !== null) mark([...dragged.to, dragged.at[2]], colours, true);
    else if (pointer !== null && tool === "erase") {
      circle(pointer.x, pointer.y, REACH.mouse, colours);
    } else if (pointer !== null && tool === "move") {
      const [near] = within(shownSpots(), stepsAt(pointer.x, pointer.y), reachFor());
      if (near !== undefined) mark(near, colours, true);
    }
    if (crosshair !== null) drawCrosshair(crosshair, colours);
  }

  function drawCrosshair([x, y]: readonly [number, number], colours: Palette): void {
    const { context } = sheet;
    const [px, py] = plane.toPixels(x, y);
    const arm = 11 * colours.scale;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
      context.moveTo(px + 4 * dx, py + 4 * dy);
      context.lineTo(px + arm * dx, py + arm * dy);
    }
    context.strokeStyle = colours.ground;
    context.lineWidth = 5 * colours.scale;
    context.stroke();
    context.strokeStyle = colours.text;
    context.lineWidth = 2 * colours.scale;
    context.stroke();
  }

  return {
    switch: toggle,
    tools,
    hidesPoints: () => draft !== null,
    layOut({ left, top, side }) {
      Object.assign(pad.style, {
        left: `${left}px`, top: `${top}px`, width: `${side}px`, height: `${side}px`,
      });
      sheet.resize(side, side);
    },
    paint(picture, colours) {
      scene = picture.scene;
      palette = colours;
      if (scene === null) return;
      dialog.refused(picture.error);
      const validation = model.get(TRAITS.showValidation) !== false;
      if (scene.pointsVersion !== version || validation !== whole) {
        version = scene.pointsVersion;
        whole = validation;
        spots = spotsOf(scene.points, values(), validation);
        // What the kernel has not been told yet, or has not done yet: a point that came back for a
        // frame would be erased a second time.
        added = tool === "add" ? [...queue] : [];
        erased = among(erased, spots);
        dialog.taken();
        kind = "";
      }
      if (!isOpen()) return;
      const wanted = `${scene.structureVersion} ${colours.ground} ${draft !== null}`;
      if (wanted !== kind) {
        kind = wanted;
        fillTools(scene.structure, palette);
      }
      hintText.set(hintNow());
      drawPad(palette);
    },
  };
}

/** The colour of a value, in thousandths, in the field. */
function valueColour(value: number, palette: Palette): string {
  const byte = Math.max(1, Math.min(255, Math.round(128 + (127 * value) / 1000)));
  return `rgb(${unpack(palette.output[byte] ?? 0).join(" ")})`;
}
