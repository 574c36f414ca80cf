// The lines between the classes.

import { contours } from "d3-contour";
import { LEAD_STEPS, PROBABILITY_CENTRE } from "./colours";
import type { FieldKind, Pictures } from "./protocol";

type Point = readonly [x: number, y: number];

/** The boundaries of a plane; values have none. */
export function planeBoundaries(plane: Pictures, kind: FieldKind, classes: number): Point[][] {
  if (kind === "value") return [];
  if (kind === "probability") return boundaryLines(plane, plane.data, PROBABILITY_CENTRE);
  // Around each class its lead, which is below zero where another one wins. Every line belongs to
  // two classes, so the last one's are there already.
  const lead = new Float32Array(plane.data.length);
  return Array.from({ length: classes - 1 }, (_, own) => {
    for (let at = 0; at < lead.length; at += 1) {
      const byte = plane.data[at] ?? 0;
      const size = (byte % LEAD_STEPS) + 0.5;
      lead[at] = Math.floor(byte / LEAD_STEPS) === own ? size : -size;
    }
    return boundaryLines(plane, lead, 0);
  }).flat();
}

/**
 * Lines in pixels of the picture, from 0 to its width and height. A contour is a ring that closes
 * along the picture's edge, where there is no boundary; those parts are left out, and the lines
 * that meet the edge are drawn straight on to it.
 */
export function boundaryLines(
  { width, height }: Pick<Pictures, "width" | "height">, data: Uint8Array | Float32Array, level: number,
): Point[][] {
  const shape = contours()
    .size([width, height])
    .contour(data as unknown as number[], level);
  const atEdge = ([x, y]: Point): boolean => x === 0 || x === width || y === 0 || y === height;
  const lines: Point[][] = [];
  for (const ring of shape.coordinates.flat() as unknown as Point[][]) {
    const start = ring.findIndex(atEdge);
    if (start < 0) {
      lines.push(ring);
      continue;
    }
    // From one edge point on round the ring, so that no line is cut where the ring happens to start.
    const open = ring.slice(0, -1);
    let line: Point[] = [];
    for (let step = 1; step <= open.length; step += 1) {
      const point = open[(start + step) % open.length];
      if (point !== undefined && !atEdge(point)) line.push(point);
      else if (line.length > 0) {
        lines.push(reachEdge(line, width, height));
        line = [];
      }
    }
  }
  return lines;
}

/** Both ends drawn on by the little that is missing to the edge. */
function reachEdge(line: readonly Point[], width: number, height: number): Point[] {
  const [first, second] = line;
  const [beforeLast, last] = line.slice(-2);
  if (first === undefined || last === undefined) return [];
  if (second === undefined || beforeLast === undefined) return [first];
  return [drawOn(second, first, width, height), ...line, drawOn(beforeLast, last, width, height)];
}

function drawOn(from: Point, to: Point, width: number, height: number): Point {
  const [x, y] = to;
  const [dx, dy] = [x - from[0], y - from[1]];
  const share = Math.min(reach(x, dx, width), reach(y, dy, height));
  return Number.isFinite(share) ? [x + share * dx, y + share * dy] : to;
}

/** How many steps of `step` lead from `at` to the edge, where that edge is within a pixel. */
function reach(at: number, step: number, size: number): number {
  const missing = step > 0 ? size - at : at;
  return step !== 0 && missing <= 1 ? missing / Math.abs(step) : Number.POSITIVE_INFINITY;
}
