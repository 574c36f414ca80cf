// What a stage of slow motion marks in the pictures.

import type { NetworkLayout, Unit } from "./network_layout";
import type { Stage } from "./protocol";
import type { Palette } from "./theme";

/** The links that a stage is about, as places in `layout.links`. */
export function stageLinks(layout: NetworkLayout, stage: Stage): number[] {
  if (stage.links === "") return [];
  const found: number[] = [];
  layout.links.forEach(({ from, to }, index) => {
    const end = stage.links === "in" ? to : from;
    if (end.layer === stage.layer && end.index === stage.unit) found.push(index);
  });
  return found;
}

/** The units of the stage's layer; `chosen` is the one whose numbers are shown, if only one is. */
export function stageUnits(
  layout: NetworkLayout, stage: Stage,
): { readonly unit: Unit; readonly chosen: boolean }[] {
  return layout.units
    .filter(({ layer }) => layer === stage.layer)
    .map((unit) => ({ unit, chosen: unit.index === stage.unit }));
}

/** Rings around the points of the batch; a second and larger one around the first. */
export function drawMarked(
  context: CanvasRenderingContext2D,
  marked: Stage["marked"],
  x: (value: number) => number,
  y: (value: number) => number,
  palette: Palette,
): void {
  const ring = (index: number, radius: number, width: number, colour: string): void => {
    const [px = 0, py = 0] = marked[index] ?? [];
    context.beginPath();
    context.arc(x(px), y(py), radius * palette.scale, 0, 2 * Math.PI);
    context.lineWidth = width * palette.scale;
    context.strokeStyle = colour;
    context.stroke();
  };
  for (let index = marked.length - 1; index >= 0; index -= 1) {
    const radius = index === 0 ? 11 : 7;
    ring(index, radius, index === 0 ? 6 : 3.5, palette.ground);
    ring(index, radius, index === 0 ? 3 : 1.5, palette.accent);
  }
}
