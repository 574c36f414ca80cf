// Fewer points than pixels, without losing a peak.

/** Rows of numbers, one after the other. */
export interface Rows {
  readonly data: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Rows worth drawing when column 0 runs over `buckets` pixels: in each bucket the first, the
 * smallest, the largest and the last value of `column`, in their order. Writes the row numbers
 * into `into` and returns how many there are. Rows without a value are left out.
 */
export function decimate(
  { data, rows, columns }: Rows,
  column: number,
  buckets: number,
  into: Uint32Array,
): number {
  const start = data[0] ?? 0;
  const end = data[(rows - 1) * columns] ?? start;
  const perUnit = end > start ? buckets / (end - start) : 0;
  let count = 0;
  let bucket = -1;
  let first = -1;
  let low = -1;
  let high = -1;
  let last = -1;
  const value = (row: number): number => data[row * columns + column] as number;
  const put = (row: number): void => {
    if (count === 0 || into[count - 1] !== row) into[count++] = row;
  };
  const flush = (): void => {
    if (first < 0) return;
    put(first);
    put(Math.min(low, high));
    put(Math.max(low, high));
    put(last);
  };
  for (let row = 0; row < rows; row += 1) {
    const current = value(row);
    if (Number.isNaN(current)) continue;
    const at = Math.min(buckets - 1, Math.floor(((data[row * columns] as number) - start) * perUnit));
    if (at !== bucket) {
      flush();
      bucket = at;
      first = low = high = row;
    } else {
      if (current < value(low)) low = row;
      if (current > value(high)) high = row;
    }
    last = row;
  }
  flush();
  return count;
}

/** Most rows that `decimate` keeps. */
export function decimatedSize(buckets: number): number {
  return 4 * buckets;
}
