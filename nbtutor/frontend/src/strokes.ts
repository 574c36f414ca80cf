// Points in whole steps, as the kernel is told of them, and what a pointer or a key does to them.

/** Steps of a coordinate in a unit of the plane, and of a value in one. */
export const GRID = 100;
const VALUE_GRID = 1000;

/** x, y, and class or value, all in steps. */
export type Spot = readonly [x: number, y: number, answer: number];

/**
 * The points of a scene as spots; rows of x, y, class or value, 1 if validation. Those are left
 * out that nobody sees.
 */
export function spotsOf(points: Float32Array, values: boolean, validation = true): Spot[] {
  const scale = values ? VALUE_GRID : 1;
  const spots: Spot[] = [];
  for (let at = 0; at + 3 < points.length; at += 4) {
    if (points[at + 3] === 1 && !validation) continue;
    spots.push([
      Math.round((points[at] ?? 0) * GRID),
      Math.round((points[at + 1] ?? 0) * GRID),
      Math.round((points[at + 2] ?? 0) * scale),
    ]);
  }
  return spots;
}

/** What the five brushes of a problem put down: classes, or values from -1 to 1. */
export function brushAnswer(brush: number, values: boolean): number {
  return values ? (brush - 2) * (VALUE_GRID / 2) : brush;
}

export type Domain = readonly [xmin: number, xmax: number, ymin: number, ymax: number];

/** A place of the plane in steps, kept on the plane. */
export function toSteps(x: number, y: number, [xmin, xmax, ymin, ymax]: Domain): [number, number] {
  return [
    Math.round(Math.max(xmin, Math.min(xmax, x)) * GRID) + 0,
    Math.round(Math.max(ymin, Math.min(ymax, y)) * GRID) + 0,
  ];
}

/** All within `reach` of a place, in steps, the nearest first. */
export function within(
  spots: readonly Spot[],
  [x, y]: readonly [number, number],
  reach: number,
): Spot[] {
  return spots
    .map((spot) => ({ spot, distance: Math.hypot(spot[0] - x, spot[1] - y) }))
    .filter(({ distance }) => distance <= reach)
    .sort((a, b) => a.distance - b.distance)
    .map(({ spot }) => spot);
}

/** A place beside another one, spread like a spray can: most near, none beyond `radius`. */
export function spray(x: number, y: number, radius: number, random = Math.random): [number, number] {
  const angle = 2 * Math.PI * random();
  const distance = radius * random();
  return [x + distance * Math.cos(angle), y + distance * Math.sin(angle)];
}

/** Spots without those of another list. */
export function without(spots: readonly Spot[], gone: readonly Spot[]): Spot[] {
  const keys = new Set(gone.map((spot) => spot.join()));
  return spots.filter((spot) => !keys.has(spot.join()));
}
