// The curves of the kept runs. They do not move, so they are drawn once on a layer of their own.

import type { Sheet } from "./canvas";
import { ROW, type Measure } from "./curve";
import { DASHES, drawnColumn, type Kept } from "./kept";
import { placeFree, type Box } from "./labels";
import type { Palette } from "./theme";

const MOST_LETTERS = 18;
const GAP = 6;

export interface Place {
  readonly x: (epoch: number) => number;
  readonly y: (value: number) => number;
  readonly measure: Measure;
  readonly width: number;
  readonly height: number;
  readonly top: number;
  /** Changes with anything of the above. */
  readonly signature: string;
}

interface Label {
  readonly text: string;
  /** Where it stands best: before the end of its line, and above. */
  readonly box: Box;
}

export class KeptLines {
  private readonly layer = document.createElement("canvas");
  private readonly context = this.layer.getContext("2d");
  private labels: Label[] = [];
  private drawn = "";

  /** Draws the lines onto `sheet`, whose origin is the plot's upper left corner. */
  drawLines(sheet: Sheet, kept: readonly Kept[], place: Place, palette: Palette): void {
    const shown = kept.filter(({ run, curve }) => run.comparable && curve.length > ROW);
    const names = shown.map(({ run, curve }) => `${run.number} ${run.name} ${curve.length}`);
    const signature = [place.signature, palette.quiet, sheet.canvas.width, ...names].join("|");
    if (signature !== this.drawn) {
      this.drawn = signature;
      this.render(sheet, shown, place, palette);
    }
    if (shown.length > 0) sheet.context.drawImage(this.layer, 0, -place.top, sheet.width, sheet.height);
  }

  /** Writes the names over whatever is drawn by now, but beside what is written already. */
  drawNames({ context }: Sheet, palette: Palette, { height }: Place, written: Box[]): void {
    if (this.labels.length === 0) return;
    context.font = `${11 * palette.scale}px ${palette.font}`;
    context.textBaseline = "middle";
    context.textAlign = "right";
    context.lineWidth = 3;
    context.strokeStyle = palette.ground;
    context.fillStyle = palette.quiet;
    const boxes = [...written];
    for (const { text, box } of this.labels) {
      const free = placeFree(box, boxes, 0, height);
      if (free === null) continue; // the list of runs has every name
      boxes.push(free);
      const y = (free.top + free.bottom) / 2;
      context.strokeText(text, free.right, y);
      context.fillText(text, free.right, y);
    }
  }

  private render(sheet: Sheet, kept: readonly Kept[], place: Place, palette: Palette): void {
    const { context, layer } = this;
    layer.width = sheet.canvas.width;
    layer.height = sheet.canvas.height;
    this.labels = [];
    if (context === null || kept.length === 0) return;
    const ratio = layer.width / sheet.width;
    context.setTransform(ratio, 0, 0, ratio, 0, place.top * ratio);
    context.strokeStyle = palette.quiet;
    context.lineWidth = 1.25 * palette.scale;
    context.lineJoin = "round";
    for (const { curve, dash } of kept) {
      const column = drawnColumn(curve, place.measure);
      context.setLineDash((DASHES[dash] ?? []).map((length) => length * palette.scale));
      context.beginPath();
      for (let row = 0; row < curve.length; row += ROW) {
        context.lineTo(place.x(curve[row] ?? 0), place.y(curve[row + column] ?? 0));
      }
      context.stroke();
    }
    const size = 11 * palette.scale;
    context.font = `${size}px ${palette.font}`;
    this.labels = kept.map(({ run, curve }) => {
      const text = shorten(run.name);
      const width = context.measureText(text).width;
      const right = Math.max(place.x(curve.at(-ROW) ?? 0) - 2, width + 2);
      const bottom = Math.max(size, place.y(curve.at(drawnColumn(curve, place.measure) - ROW) ?? 0) - 0.2 * size);
      return { text, box: { left: right - width - GAP, right, top: bottom - 1.1 * size, bottom } };
    });
  }
}

function shorten(name: string): string {
  return name.length > MOST_LETTERS ? `${name.slice(0, MOST_LETTERS - 1)}…` : name;
}
