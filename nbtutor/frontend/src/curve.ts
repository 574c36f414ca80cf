// The course of a run over its epochs, and what can be drawn of it.

import { formatLoss, formatShare } from "./numbers";

/** Numbers in a row: epoch, then loss and accuracy of each part of the points. NaN: there is none. */
export const ROW = 5;

/** What is drawn over the epochs: where a row has it, and how a number of it is written. */
export interface Measure {
  readonly name: "loss" | "accuracy";
  readonly train: number;
  readonly validation: number;
  readonly format: (value: number | null) => string;
}

export const LOSS: Measure = { name: "loss", train: 1, validation: 2, format: formatLoss };
export const ACCURACY: Measure = { name: "accuracy", train: 3, validation: 4, format: formatShare };

const MOST_ROWS = 16_384;

/** A row for every epoch, in one growing array. */
export class Curve {
  rows = 0;
  data = new Float32Array(ROW * 512);

  constructor(initial: Float32Array | null) {
    if (initial !== null) this.append(initial);
  }

  append(rows: Float32Array): void {
    const used = this.rows * ROW;
    if (used + rows.length > this.data.length) {
      const larger = new Float32Array(Math.max(this.data.length * 2, used + rows.length));
      larger.set(this.data.subarray(0, used));
      this.data = larger;
    }
    this.data.set(rows, used);
    this.rows += rows.length / ROW;
    if (this.rows > MOST_ROWS) this.thin();
  }

  /** Halves the older rows: of each two, the one that stands out more from its neighbour. */
  private thin(): void {
    const { data } = this;
    let kept = 1;
    for (let row = 1; row + 1 < this.rows - 1; row += 2) {
      const before = data[(kept - 1) * ROW + LOSS.train] ?? 0;
      const first = Math.abs((data[row * ROW + LOSS.train] ?? 0) - before);
      const second = Math.abs((data[(row + 1) * ROW + LOSS.train] ?? 0) - before);
      const from = (first >= second ? row : row + 1) * ROW;
      data.copyWithin(kept * ROW, from, from + ROW);
      kept += 1;
    }
    data.copyWithin(kept * ROW, (this.rows - 1) * ROW, this.rows * ROW);
    this.rows = kept + 1;
  }
}

/** The row whose epoch is nearest. */
export function nearestRow({ data, rows }: Curve, epoch: number): number {
  let low = 0;
  let high = rows - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((data[middle * ROW] ?? 0) <= epoch) low = middle;
    else high = middle;
  }
  const before = Math.abs((data[low * ROW] ?? 0) - epoch);
  const after = Math.abs((data[high * ROW] ?? 0) - epoch);
  return before <= after ? low : high;
}
