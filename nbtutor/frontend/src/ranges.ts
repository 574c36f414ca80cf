// Limits of the axes of a curve. They move in steps: a limit that follows every new point would
// make the whole picture swim.

import { nice } from "d3-array";
import { LOSS, ROW, type Curve, type Measure } from "./curve";

const FIRST_EPOCHS = 10;

/**
 * Where the epoch axis ends: 1, 1.5, 2, 3, 5 or 7.5 times a power of ten, so that the share `free`
 * of it stays behind the last epoch, or behind that of others if they have more.
 */
export function epochLimit({ data, rows }: Curve, free: number, others = 0): number {
  const own = rows === 0 ? 0 : (data[(rows - 1) * ROW] ?? 0);
  const last = Math.max(own, others) / (1 - free);
  if (last <= FIRST_EPOCHS) return FIRST_EPOCHS;
  const power = 10 ** Math.floor(Math.log10(last));
  const step = [1, 1.5, 2, 3, 5, 7.5, 10].find((factor) => factor * power >= last) ?? 10;
  return step * power;
}

/** Lowest and highest loss on the axis, which reaches over `others` too. */
export function lossLimits(
  { data, rows }: Curve,
  logarithmic: boolean,
  others = { low: Number.POSITIVE_INFINITY, high: 0 },
): [number, number] {
  let { low, high } = others;
  for (let row = 0; row < rows; row += 1) {
    for (const loss of valuesOf(data, row, LOSS)) {
      if (loss === undefined || !(loss > 0)) continue;
      if (loss < low) low = loss;
      if (loss > high) high = loss;
    }
  }
  if (high === 0) return logarithmic ? [0.1, 1] : [0, 1];
  if (!logarithmic) return [0, nice(0, high, 4)[1]];
  // Half decades: at least one decade in all, at most eight.
  const step = (power: number): number => 10 ** Math.floor(power) * (power % 1 === 0 ? 1 : 3);
  const top = Math.ceil(Math.log10(high) * 2) / 2;
  const least = Math.max(Math.floor(Math.log10(low) * 2) / 2, top - 8);
  return [step(Math.min(least, top - 1)), step(top)];
}

/** Lowest and highest accuracy on the axis, in quarters, which reaches over `others` too. */
export function accuracyLimits(
  { data, rows }: Curve,
  measure: Measure,
  others = { low: Number.POSITIVE_INFINITY },
): [number, number] {
  let low = Math.min(0.75, others.low);
  for (let row = 0; row < rows; row += 1) {
    for (const share of valuesOf(data, row, measure)) {
      if (share !== undefined && share < low) low = share;
    }
  }
  return [Math.floor(4 * low) / 4, 1];
}

function valuesOf(data: Float32Array, row: number, { train, validation }: Measure) {
  return [data[row * ROW + train], data[row * ROW + validation]] as const;
}

/** Powers of ten, and 2 and 5 between them where there is room. */
export function logTicks([low, high]: readonly [number, number], count: number): number[] {
  const decades = Math.log10(high / low);
  const steps = decades * 3 <= count + 1 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / count));
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += every) {
    for (const step of steps) {
      const tick = step * 10 ** power;
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
    }
  }
  return ticks;
}
