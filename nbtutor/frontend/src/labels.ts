// Which labels to show so that none lies over another.

export interface Label {
  readonly at: number;
  readonly width: number;
}

/**
 * Numbers of the labels to show: from the newest back, each that keeps `gap` to those shown and
 * stays within 0 and `limit`. A label starts at its `at`.
 */
export function thinLabels(labels: readonly Label[], limit: number, gap: number): number[] {
  const shown: number[] = [];
  let free = limit;
  for (let index = labels.length - 1; index >= 0; index -= 1) {
    const label = labels[index];
    if (label === undefined || label.at < 0 || label.at + label.width > free) continue;
    shown.unshift(index);
    free = label.at - gap;
  }
  return shown;
}

/**
 * Two heights of text, moved apart about their middle where they are closer than `gap`, and both
 * kept from `top` to `bottom`.
 */
export function spread(
  first: number,
  second: number,
  gap: number,
  top: number,
  bottom: number,
): [number, number] {
  const half = Math.max(gap, Math.abs(first - second)) / 2;
  const middle = Math.max(top + half, Math.min(bottom - half, (first + second) / 2));
  return first <= second ? [middle - half, middle + half] : [middle + half, middle - half];
}
