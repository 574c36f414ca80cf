// The runs that are kept beside the present one: what is told of them, and their curves.

import { ROW, type Measure } from "./curve";
import type { Frame, KeptRun } from "./protocol";
import { ProtocolError } from "./protocol";

/** Told apart without colour; as many as runs can be kept. Lengths of dashes and gaps in pixels. */
export const DASHES: readonly (readonly number[])[] = [
  [2, 3], [10, 3, 2, 3], [14, 4], [6, 2, 2, 2, 2, 2], [1, 5], [5, 2],
];

export interface Kept {
  readonly run: KeptRun;
  /** Rows as in `Curve`. */
  readonly curve: Float32Array;
  /** Which of `DASHES` is its own for as long as it is kept. */
  readonly dash: number;
}

/** The kept runs after a frame: the curves come with full frames, words alone more often. */
export function keptAfter(before: readonly Kept[], frame: Frame): readonly Kept[] {
  const { runs, saved } = frame;
  if (runs === null) return before;
  if (saved === null) {
    return before.map((kept) => {
      const run = runs.find(({ number }) => number === kept.run.number);
      return run === undefined ? kept : { ...kept, run };
    });
  }
  const rows = runs.reduce((sum, run) => sum + run.rows, 0);
  if (saved.length !== ROW * rows) {
    throw new ProtocolError(`There are ${saved.length / ROW} rows of kept curves, not ${rows}.`);
  }
  const taken = new Map(before.map(({ run, dash }) => [run.number, dash]));
  const used = new Set(runs.flatMap(({ number }) => taken.get(number) ?? []));
  let start = 0;
  return runs.map((run) => {
    const curve = saved.subarray(start, (start += ROW * run.rows));
    let dash = taken.get(run.number);
    if (dash === undefined) {
      dash = DASHES.findIndex((_, index) => !used.has(index));
      if (dash < 0) dash = 0;
      used.add(dash);
    }
    return { run, curve, dash };
  });
}

/** Last epoch, lowest and highest value that are drawn of the kept runs. */
export interface Extent {
  readonly last: number;
  readonly low: number;
  readonly high: number;
}

/** The column that is drawn: of the validation points, or where there are none the training points. */
export function drawnColumn(curve: Float32Array, { train, validation }: Measure): number {
  return Number.isNaN(curve[validation] ?? Number.NaN) ? train : validation;
}

export function extentOf(kept: readonly Kept[], measure: Measure): Extent {
  let last = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const { run, curve } of kept) {
    if (!run.comparable) continue;
    last = Math.max(last, curve.at(-ROW) ?? 0);
    for (let at = drawnColumn(curve, measure); at < curve.length; at += ROW) {
      const value = curve[at] ?? 0;
      if (!(value > 0)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return { last, low, high };
}
