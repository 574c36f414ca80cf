// What the plane shows of the replicas: their boundaries as thin lines over one another, that of
// their mean dashed, and for values a veil where they differ. The field is the run's own or their
// mean's.

import { planeBoundaries } from "./boundary";
import { Raster, Sheet } from "./canvas";
import { parseRgb } from "./colours";
import { element } from "./dom";
import { FULL_SCALE, type Pictures, type ReplicaPicture, type Structure } from "./protocol";
import type { Scene } from "./scene";
import type { Palette } from "./theme";

const LINE_SHARE = 0.3; // how opaque one line is
const VEIL_SHARE = 0.75; // and the veil where values differ by 1

export class ReplicaLayer {
  private readonly button = element("button", "nbt-toggle nbt-mean", "Their mean");
  private readonly sheet: Sheet;
  private readonly veil = new Raster();
  private drawn: ReplicaPicture | null = null;
  private entries: readonly HTMLElement[] = [];

  constructor(figure: HTMLElement, redraw: () => void, signal: AbortSignal) {
    this.sheet = new Sheet(figure, "nbt-sheet nbt-replica-sheet");
    const { button } = this;
    button.type = "button";
    button.title = "Show the mean answer of the replicas, not the run's own";
    button.setAttribute("aria-pressed", "false");
    button.addEventListener(
      "click",
      () => {
        button.setAttribute("aria-pressed", String(!this.showsMean));
        redraw();
      },
      { signal },
    );
  }

  private get showsMean(): boolean {
    return this.button.getAttribute("aria-pressed") === "true";
  }

  /** The field to be seen: the replicas' mean where that is wanted and there. */
  field(scene: Scene): Pictures | null {
    return (this.showsMean ? scene.replicaPicture?.mean : null) ?? scene.plane;
  }

  /** What stands before the value under the pointer. */
  prefix(scene: Scene): string {
    return this.showsMean && scene.replicaPicture !== null ? "mean " : "";
  }

  place(side: number, left: number, top: number): void {
    this.sheet.resize(side, side);
    this.sheet.canvas.style.left = `${left}px`;
    this.sheet.canvas.style.top = `${top}px`;
    this.drawn = null;
  }

  /** Draws over the field; `covered` where the field is another than the output's. */
  paint(scene: Scene, palette: Palette, legend: HTMLElement, covered: boolean): void {
    const picture = covered ? null : scene.replicaPicture;
    this.explain(scene, legend);
    if (picture === this.drawn) return;
    this.drawn = picture;
    this.sheet.clear();
    if (picture === null) return;
    if (picture.spread !== null) this.drawVeil(picture.spread, palette);
    this.drawLines(picture, palette);
    this.drawMean(picture.mean, scene.structure, palette);
  }

  /** In words, to follow what the plane says of itself; empty without replicas. */
  describe({ replicas, replicaPicture, structure }: Scene): string {
    if (replicas === null || replicaPicture === null) return "";
    const shown = this.showsMean ? "The field is the mean of the replicas." : "";
    return structure.kind === "value"
      ? `Darker where the answers of ${replicas.count} replicas differ. ${shown}`.trim()
      : `Thin lines are the boundaries of ${replicas.count} replicas, the dashed one that of their mean. ${shown}`.trim();
  }

  private drawLines({ lines, counts }: ReplicaPicture, palette: Palette): void {
    const { context, width } = this.sheet;
    const unit = width / FULL_SCALE;
    context.save();
    context.globalAlpha = LINE_SHARE;
    context.strokeStyle = palette.boundary;
    context.lineWidth = palette.scale;
    let at = 0;
    for (const count of counts) {
      // One stroke a replica: where its own pieces meet, nothing adds up.
      context.beginPath();
      for (const end = at + 4 * count; at < end; at += 4) {
        context.moveTo((lines[at] ?? 0) * unit, (lines[at + 1] ?? 0) * unit);
        context.lineTo((lines[at + 2] ?? 0) * unit, (lines[at + 3] ?? 0) * unit);
      }
      context.stroke();
    }
    context.restore();
  }

  private drawMean(mean: Pictures, { kind, classes }: Structure, palette: Palette): void {
    const { context, width } = this.sheet;
    const unit = width / mean.width;
    context.beginPath();
    for (const line of planeBoundaries(mean, kind, classes)) {
      line.forEach(([column, row], index) => {
        if (index === 0) context.moveTo(column * unit, row * unit);
        else context.lineTo(column * unit, row * unit);
      });
    }
    context.save();
    context.lineJoin = "round";
    context.lineWidth = 4 * palette.scale;
    context.strokeStyle = palette.ground;
    context.stroke();
    context.setLineDash([7 * palette.scale, 4 * palette.scale]);
    context.lineWidth = 2 * palette.scale;
    context.strokeStyle = palette.accent;
    context.stroke();
    context.restore();
  }

  private drawVeil({ data, width, height }: Pictures, palette: Palette): void {
    const [red, green, blue] = parseRgb(palette.boundary);
    const table = Uint32Array.from({ length: 256 }, (_, byte) =>
      ((Math.round(byte * VEIL_SHARE) << 24) | (blue << 16) | (green << 8) | red) >>> 0,
    );
    this.veil.paint(data, width, height, table);
    const { context } = this.sheet;
    context.imageSmoothingEnabled = true;
    context.drawImage(this.veil.canvas, 0, 0, this.sheet.width, this.sheet.height);
  }

  /** Keeps the legend's entries on the replicas in step. */
  private explain({ replicaPicture, structure }: Scene, legend: HTMLElement): void {
    const there = this.entries.length > 0 && this.entries[0]?.parentElement === legend;
    const wanted = replicaPicture !== null;
    if (wanted === there) return;
    for (const entry of this.entries) entry.remove();
    this.entries = [];
    if (!wanted) return;
    this.entries = structure.kind === "value"
      ? [swatch("nbt-replica-veil", "Replicas differ"), swatch("", this.button)]
      : [swatch("nbt-replica-line", "Replicas"), swatch("nbt-replica-mean", this.button)];
    legend.append(...this.entries);
  }
}

function swatch(className: string, label: string | HTMLElement): HTMLElement {
  const entry = element("li", className);
  if (className !== "") {
    const mark = element("i", "");
    mark.setAttribute("aria-hidden", "true");
    entry.append(mark);
  }
  entry.append(label);
  return entry;
}
