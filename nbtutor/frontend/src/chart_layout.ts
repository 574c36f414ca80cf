// Where the parts of a chart go. No drawing, so it is tested without a browser.

import { nice } from "d3-array";
import type { Chart, Mark } from "./chart";

/** A point of a chart that can be read. */
export interface Stop {
  /** Number of its mark, and of the point in it. */
  readonly mark: number;
  readonly point: number;
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

/** The points of markers and of lines that are not one of many, from left to right. */
export function stops(marks: readonly Mark[]): Stop[] {
  const found: Stop[] = [];
  marks.forEach((mark, number) => {
    if (mark.kind !== "points" && (mark.kind !== "line" || mark.faint)) return;
    mark.x.forEach((x, point) => {
      const y = mark.y[point] ?? Number.NaN;
      if (Number.isFinite(x) && Number.isFinite(y)) {
        found.push({ mark: number, point, name: mark.name, x, y });
      }
    });
  });
  return found.sort((a, b) => a.x - b.x || a.mark - b.mark);
}

/** The ends of an axis: what it says itself, or round numbers about all that is drawn. */
export function fitAxis({ x, y, marks }: Chart, which: "x" | "y"): [number, number] {
  const axis = which === "x" ? x : y;
  if (axis.limits !== null) return [axis.limits[0], axis.limits[1]];
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const mark of marks) {
    for (const values of extent(mark, which)) {
      for (const value of values) {
        if (!Number.isFinite(value) || (axis.log && value <= 0)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  if (low > high) return axis.log ? [0.1, 1] : [0, 1];
  if (axis.log) return low === high ? [low / 2, high * 2] : halfDecades(low, high, which);
  if (marks.some(({ kind }) => kind === "field")) return [low, high];
  // A chart of sizes starts at 0, unless all of them are far from it.
  if (which === "y" && low > 0 && low < 0.6 * high) low = 0;
  if (low === high) return [low - 0.5, high + 0.5];
  return which === "x" ? [low, high] : nice(low, high, 4);
}

function extent(mark: Mark, which: "x" | "y"): readonly Iterable<number>[] {
  switch (mark.kind) {
    case "line":
    case "points":
      return [mark[which]];
    case "band":
      return which === "x" ? [mark.x] : [mark.low, mark.high];
    case "bars":
      return which === "x" ? [mark.left, mark.right] : [mark.low, mark.high];
    case "field":
    case "contours":
      return [which === "x" ? mark.extent.slice(0, 2) : mark.extent.slice(2)];
    case "rule":
      return [];
  }
}

/** Up, it moves in steps of half a decade, so that it does not swim; across, it fits. */
function halfDecades(low: number, high: number, which: "x" | "y"): [number, number] {
  if (which === "x") return [low, high];
  return [
    10 ** (Math.floor(2 * Math.log10(low)) / 2), 10 ** (Math.ceil(2 * Math.log10(high)) / 2),
  ];
}

/**
 * Heights of texts, moved as little as their order allows so that each is `gap` from the next and
 * all are from `top` to `bottom`, where there is room for them.
 */
export function spreadAll(
  heights: readonly number[],
  gap: number,
  top: number,
  bottom: number,
): number[] {
  const order = heights.map((_, index) => index).sort((a, b) => (heights[a] ?? 0) - (heights[b] ?? 0));
  // Each group of texts that touch stands about the mean of where its texts want to be.
  const groups: { wanted: number; members: number[] }[] = [];
  const start = ({ wanted, members }: (typeof groups)[number]): number =>
    Math.max(top, Math.min(bottom - (members.length - 1) * gap, wanted - ((members.length - 1) * gap) / 2));
  for (const index of order) {
    let group = { wanted: heights[index] ?? 0, members: [index] };
    for (;;) {
      const before = groups.at(-1);
      if (before === undefined || start(before) + before.members.length * gap <= start(group)) break;
      groups.pop();
      const members = [...before.members, ...group.members];
      const total = before.wanted * before.members.length + group.wanted * group.members.length;
      group = { wanted: total / members.length, members };
    }
    groups.push(group);
  }
  const placed = heights.slice();
  for (const group of groups) {
    group.members.forEach((index, at) => {
      placed[index] = start(group) + at * gap;
    });
  }
  return placed;
}
