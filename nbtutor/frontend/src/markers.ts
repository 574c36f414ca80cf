// Markers of data points: one shape for each class, so that colour is never needed.

interface Shape {
  readonly name: string;
  /** The outline about the origin as an SVG path. All look equally large at the same radius. */
  readonly path: (radius: number) => string;
}

/** A closed path through corners given in radii. */
function polygon(corners: readonly (readonly [number, number])[]): Shape["path"] {
  return (radius) =>
    `M${corners.map(([x, y]) => `${round(x * radius)},${round(y * radius)}`).join("L")}Z`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function circle(radius: number): string {
  const r = round(radius);
  return `M${-r},0A${r},${r},0,1,1,${r},0A${r},${r},0,1,1,${-r},0Z`;
}

const SIDE = 0.89;
const ARM = 0.4;
const TIP = 1.15;

const SHAPES: readonly Shape[] = [
  { name: "circle", path: circle },
  { name: "square", path: polygon([[-SIDE, -SIDE], [SIDE, -SIDE], [SIDE, SIDE], [-SIDE, SIDE]]) },
  { name: "triangle", path: polygon([[0, -1.35], [1.17, 0.67], [-1.17, 0.67]]) },
  { name: "diamond", path: polygon([[0, -1.4], [1.12, 0], [0, 1.4], [-1.12, 0]]) },
  {
    name: "cross",
    path: polygon([
      [-ARM, -TIP], [ARM, -TIP], [ARM, -ARM], [TIP, -ARM], [TIP, ARM], [ARM, ARM],
      [ARM, TIP], [-ARM, TIP], [-ARM, ARM], [-TIP, ARM], [-TIP, -ARM], [-ARM, -ARM],
    ]),
  },
];

function shape(classIndex: number): Shape {
  return SHAPES[classIndex % SHAPES.length] as Shape;
}

export function shapeName(classIndex: number): string {
  return shape(classIndex).name;
}

export function markerPath(classIndex: number, radius: number): string {
  return shape(classIndex).path(radius);
}
