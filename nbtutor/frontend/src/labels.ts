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

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * The box moved up or down, by as little as there must be, to lie over no other one and within `top`
 * and `bottom`; null where there is no room.
 */
export function placeFree(
  box: Box,
  others: readonly Box[],
  top: number,
  bottom: number,
): Box | null {
  const height = box.bottom - box.top;
  const beside = others.filter(({ left, right }) => left < box.right && right > box.left);
  const tops = [box.top, top, bottom - height];
  for (const other of beside) tops.push(other.top - height, other.bottom);
  const free = tops.filter(
    (start) =>
      start >= top &&
      start + height <= bottom &&
      beside.every((other) => start + height <= other.top || start >= other.bottom),
  );
  if (free.length === 0) return null;
  const start = free.reduce((best, next) =>
    Math.abs(next - box.top) < Math.abs(best - box.top) ? next : best,
  );
  return { ...box, top: start, bottom: start + height };
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
