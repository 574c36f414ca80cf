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

type Place = readonly [x: number, y: number];

/** All within `reach` of a place or of the way to it, in steps, the nearest first. */
export function within(
  spots: readonly Spot[],
  to: Place,
  reach: number,
  from: Place = to,
): Spot[] {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const distanceOf = ([x, y]: Spot): number => {
    const along = length === 0 ? 0 : ((x - from[0]) * dx + (y - from[1]) * dy) / length;
    const part = Math.max(0, Math.min(1, along));
    return Math.hypot(x - from[0] - part * dx, y - from[1] - part * dy);
  };
  return spots
    .map((spot) => ({ spot, distance: distanceOf(spot) }))
    .filter(({ distance }) => distance <= reach)
    .sort((a, b) => a.distance - b.distance)
    .map(({ spot }) => spot);
}

/** Places on the way, each so far from the one before: a fast pointer is told of seldom. */
export function placesAlong(
  from: { readonly x: number; readonly y: number },
  to: { readonly x: number; readonly y: number },
  every: number,
): { x: number; y: number }[] {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  return Array.from({ length: Math.floor(distance / every) }, (_, k) => {
    const part = ((k + 1) * every) / distance;
    return { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
  });
}

/** A place beside another one, spread like a spray can: most near, none beyond `radius`. */
export function spray(x: number, y: number, radius: number, random = Math.random): [number, number] {
  const angle = 2 * Math.PI * random();
  const distance = radius * random();
  return [x + distance * Math.cos(angle), y + distance * Math.sin(angle)];
}

/** Spots without those of another list. */
export function without(spots: readonly Spot[], gone: readonly Spot[]): Spot[] {
  const keys = keysOf(gone);
  return spots.filter((spot) => !keys.has(spot.join()));
}

/** Spots that are in another list too. */
export function among(spots: readonly Spot[], others: readonly Spot[]): Spot[] {
  const keys = keysOf(others);
  return spots.filter((spot) => keys.has(spot.join()));
}

function keysOf(spots: readonly Spot[]): Set<string> {
  return new Set(spots.map((spot) => spot.join()));
}
