// Small pictures on the buttons that choose a data set: the shape of the data says more than its
// name. The button's text stays as its name for those who do not see it.

import { markerPath } from "./markers";

type Kind = 0 | 1 | 2;
type Spot = readonly [x: number, y: number, kind: Kind];

const SVG = "http://www.w3.org/2000/svg";

/** Spots over -1 to 1, laid out evenly: an emblem, not a sample. */
const EMBLEMS: Readonly<Record<string, () => Spot[]>> = {
  own: () => [
    [-0.55, -0.55, 0], [-0.75, -0.1, 0], [-0.25, -0.2, 0], [-0.4, 0.4, 1], [0.15, 0.7, 1],
    [0.3, 0.25, 1], [0.65, -0.6, 2], [0.8, -0.05, 2],
  ],
  circle: () => [...ring(0.3, 5, 0), ...ring(0.82, 12, 1)],
  xor: () =>
    [-1, 1].flatMap((a) =>
      [-1, 1].flatMap((b) => cluster(a * 0.5, b * 0.5, 0.26, a * b > 0 ? 0 : 1)),
    ),
  gaussians: () => [...cluster(0.42, -0.42, 0.3, 0), ...cluster(-0.42, 0.42, 0.3, 1)],
  spiral: () => [...spiral(0, 0), ...spiral(Math.PI, 1)],
  moons: () => [...arc(-0.28, 0.2, -1, 0), ...arc(0.28, -0.2, 1, 1)],
  checkerboard: () =>
    grid(4, (column, row) => ((column + row) % 2 === 0 ? 0 : 1)),
  rings: () => [...ring(0.14, 3, 0), ...ring(0.5, 8, 1), ...ring(0.88, 13, 2)],
  blobs: () => [
    ...cluster(0, -0.55, 0.28, 0), ...cluster(-0.52, 0.42, 0.28, 1), ...cluster(0.52, 0.42, 0.28, 2),
  ],
  spirals: () => ([0, 1, 2] as const).flatMap((kind) => spiral((kind * 2 * Math.PI) / 3, kind, 0.9)),
};

/** Regression: no marks but a field, drawn by the style sheet. */
const FIELDS: readonly string[] = ["sine", "plane", "multi_gaussian"];

function grid(side: number, kind: (column: number, row: number) => Kind): Spot[] {
  return Array.from({ length: side * side }, (_, at): Spot => {
    const [column, row] = [at % side, Math.floor(at / side)];
    const place = (index: number): number => (1.6 * index) / (side - 1) - 0.8;
    return [place(column), place(row), kind(column, row)];
  });
}

function ring(radius: number, count: number, kind: Kind): Spot[] {
  return Array.from({ length: count }, (_, k): Spot => {
    const angle = (2 * Math.PI * k) / count;
    return [radius * Math.cos(angle), radius * Math.sin(angle), kind];
  });
}

function cluster(x: number, y: number, radius: number, kind: Kind): Spot[] {
  return [[x, y, kind], ...ring(radius, 5, kind).map(([a, b]): Spot => [x + a, y + b, kind])];
}

function spiral(turn: number, kind: Kind, turns = 1.5): Spot[] {
  return Array.from({ length: 10 }, (_, k): Spot => {
    const along = (k + 1) / 10;
    const angle = turns * Math.PI * along + turn;
    return [0.9 * along * Math.sin(angle), -0.9 * along * Math.cos(angle), kind];
  });
}

function arc(x: number, y: number, up: 1 | -1, kind: Kind): Spot[] {
  return Array.from({ length: 8 }, (_, k): Spot => {
    const angle = (Math.PI * k) / 7;
    return [x + 0.6 * Math.cos(angle), y + up * 0.6 * Math.sin(angle), kind];
  });
}

/** Draws on every button of `group` whose title names a data set with a picture. */
export function pictureDatasets(group: Element): void {
  for (const button of group.querySelectorAll("button")) {
    const field = FIELDS.includes(button.title);
    const spots = field ? [] : EMBLEMS[button.title]?.();
    if (spots === undefined || button.querySelector("svg") !== null) continue;
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", "-22 -22 44 44");
    picture.setAttribute("aria-hidden", "true");
    for (const [x, y, kind] of spots) {
      const mark = document.createElementNS(SVG, "path");
      mark.setAttribute("d", markerPath(kind, 2.6));
      mark.setAttribute("transform", `translate(${(x * 19).toFixed(1)},${(y * 19).toFixed(1)})`);
      mark.style.fill = `var(--nbt-class-${kind})`;
      picture.append(mark);
    }
    if (field) picture.classList.add("nbt-emblem-field", `nbt-emblem-${button.title}`);
    button.prepend(picture);
    button.classList.add("nbt-pictured");
  }
}
