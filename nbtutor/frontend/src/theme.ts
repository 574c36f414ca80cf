// The tokens as canvas needs them, and word when they change.

import {
  classTable, fieldTable, OUTPUT_CENTRE, parseRgb, PROBABILITY_CENTRE, winnerTable,
} from "./colours";
import type { FieldKind } from "./protocol";

export interface Palette {
  readonly ground: string;
  readonly surface: string;
  readonly line: string;
  readonly text: string;
  readonly quiet: string;
  readonly accent: string;
  readonly alarm: string;
  readonly gap: string;
  readonly boundary: string;
  readonly outline: string;
  readonly positive: string;
  readonly negative: string;
  readonly classes: readonly string[];
  /** Colours of the plane's bytes, by what they mean. */
  readonly fields: Readonly<Record<FieldKind, Uint32Array>>;
  /** Colours of a hidden unit's bytes, and of an input's. */
  readonly output: Uint32Array;
  /** Colours of sizes from 0: from the ground to the accent. */
  readonly sizes: Uint32Array;
  /** Colours of each class's probability. */
  readonly shares: readonly Uint32Array[];
  /** Multiplies lines and type on canvas; above 1 on a projector. */
  readonly scale: number;
  readonly font: string;
}

export const CLASS_COUNT = 5;

export function readPalette(root: HTMLElement): Palette {
  // A custom property is resolved only where it is used, so a colour is read off an element.
  const probe = document.createElement("span");
  probe.hidden = true;
  root.append(probe);
  const style = getComputedStyle(probe);
  const colour = (token: string): string => {
    probe.style.color = `var(--nbt-${token})`;
    return style.color;
  };
  const ends = {
    low: parseRgb(colour("field-low")),
    middle: parseRgb(colour("field-middle")),
    high: parseRgb(colour("field-high")),
  };
  const classes = Array.from({ length: CLASS_COUNT }, (_, index) => colour(`class-${index}`));
  const output = fieldTable(ends, OUTPUT_CENTRE);
  const palette: Palette = {
    ground: colour("ground"),
    surface: colour("surface"),
    line: colour("line"),
    text: colour("text"),
    quiet: colour("quiet"),
    accent: colour("accent"),
    alarm: colour("alarm"),
    gap: colour("gap"),
    boundary: colour("boundary"),
    outline: colour("outline"),
    positive: colour("positive"),
    negative: colour("negative"),
    classes,
    fields: {
      probability: fieldTable(ends, PROBABILITY_CENTRE),
      winner: winnerTable(ends.middle, classes.map(parseRgb)),
      value: output,
    },
    output,
    sizes: classTable(parseRgb(colour("ground")), parseRgb(colour("accent"))),
    shares: classes.map((own) => classTable(ends.middle, parseRgb(own))),
    scale: Number.parseFloat(style.getPropertyValue("--nbt-scale")) || 1,
    font: style.fontFamily,
  };
  probe.remove();
  return palette;
}

/** Calls back when the theme of the page, of JupyterLab or of the system changes. */
export function watchTheme(changed: () => void, signal: AbortSignal): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed, { signal });
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  observer.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  signal.addEventListener("abort", () => observer.disconnect());
}
