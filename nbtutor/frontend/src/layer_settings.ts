// What a layer's button says, and the curve of its activation. Nothing here needs a page.

import type { ActivationChoice, LayerSetting } from "./protocol";

/** "Hidden 2: ReLU, dropout 20 %". */
export function layerWords(
  layer: number,
  setting: LayerSetting,
  choices: readonly ActivationChoice[],
  told: readonly string[],
): string {
  const parts: string[] = [];
  if (told.includes("activation")) parts.push(labelOf(setting.activation, choices));
  if (told.includes("dropout")) parts.push(`dropout ${percent(setting.dropout)}`);
  return [`Hidden ${layer}`, parts.join(", ")].join(": ");
}

export function labelOf(name: string, choices: readonly ActivationChoice[]): string {
  return choices.find((choice) => choice.name === name)?.label ?? name;
}

export function percent(share: number): string {
  return `${Math.round(1000 * share) / 10} %`;
}

export interface CurvePaths {
  readonly axes: string;
  readonly curve: string;
}

/**
 * SVG paths of a curve, given at even steps about 0, with both axes. It shows -1 to 1 at least, so
 * that a sigmoid is not taken for a tanh.
 */
export function curvePaths(values: readonly number[], width: number, height: number): CurvePaths {
  const high = Math.max(1, ...values);
  const low = Math.min(-1, ...values);
  const x = (index: number): number => round((index / (values.length - 1)) * width);
  const y = (value: number): number => round(((high - value) / (high - low)) * height);
  const points = values.map((value, index) => `${x(index)},${y(value)}`);
  return {
    axes: `M0,${y(0)}H${width}M${width / 2},0V${height}`,
    curve: points.length > 0 ? `M${points.join("L")}` : "",
  };
}

function round(value: number): number {
  return Math.round(100 * value) / 100;
}
