// What the verdict's strip says in words and figures.

import { formatCount, NONE } from "./numbers";
import type { LayerStatistics } from "./protocol";

/** "Hidden 1" and so on, the output last. */
export function layerName(index: number, count: number): string {
  return index === count - 1 ? "Output" : `Hidden ${index + 1}`;
}

/** Cells of a layer's row: gradient, update to weight, dead, saturated, and a word. */
export function layerCells(layer: LayerStatistics): string[] {
  return [
    formatSize(layer.gradient),
    formatSize(layer.updateRatio),
    layer.dead === null ? NONE : `${formatCount(layer.dead)} of ${formatCount(layer.units)}`,
    layer.saturated === null ? NONE : `${Math.round(100 * layer.saturated)} %`,
    layer.sign,
  ];
}

/** Two digits: 1.3e\u22123, 0.068, 0.31, 2.1, 34; sizes of gradients span many powers of ten. */
export function formatSize(size: number | null): string {
  if (size === null || !Number.isFinite(size)) return NONE;
  if (size === 0) return "0";
  const text = size < 0.01 || size >= 99.5 ? size.toExponential(1) : size.toPrecision(2);
  return text.replace("e-", "e\u2212").replace("e+", "e");
}

export function sizeWords(parameters: number, points: number): string {
  return `${counted(parameters, "parameter")}, ${counted(points, "training point")}`;
}

/** The parameters' part of a bar of both, in percent. */
export function parametersPart(parameters: number, points: number): number {
  return Math.round((1000 * parameters) / (parameters + points)) / 10;
}

/** The word before the colon, to stand out, and the rest. */
export function splitSentence(sentence: string): [string, string] {
  const colon = sentence.indexOf(":");
  return colon < 0 ? ["", sentence] : [sentence.slice(0, colon + 1), sentence.slice(colon + 1)];
}

function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
