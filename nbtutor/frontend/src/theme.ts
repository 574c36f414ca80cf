// The tokens as canvas needs them, and word when they change.

import { fieldTable, OUTPUT_CENTRE, parseRgb, PROBABILITY_CENTRE } from "./colours";

export interface Palette {
  readonly ground: string;
  readonly surface: string;
  readonly line: string;
  readonly text: string;
  readonly quiet: string;
  readonly accent: string;
  readonly gap: string;
  readonly boundary: string;
  readonly outline: string;
  readonly positive: string;
  readonly negative: string;
  readonly classes: readonly string[];
  readonly probability: Uint32Array;
  readonly output: Uint32Array;
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
  const palette: Palette = {
    ground: colour("ground"),
    surface: colour("surface"),
    line: colour("line"),
    text: colour("text"),
    quiet: colour("quiet"),
    accent: colour("accent"),
    gap: colour("gap"),
    boundary: colour("boundary"),
    outline: colour("outline"),
    positive: colour("positive"),
    negative: colour("negative"),
    classes: Array.from({ length: CLASS_COUNT }, (_, index) => colour(`class-${index}`)),
    probability: fieldTable(ends, PROBABILITY_CENTRE),
    output: fieldTable(ends, OUTPUT_CENTRE),
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
