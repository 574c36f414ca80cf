// What a chart shows, as the kernel sends it (nbtutor.charts), checked.

import {
  bytesOf, flag, oneOf, record, refuse, show, text, type Fields, type Pictures,
} from "./protocol";

const COLOURS = [
  "text", "quiet", "accent", "alarm", "class-0", "class-1", "class-2", "class-3",
] as const;
const DASHES = ["solid", "dashed", "dotted", "dashdot"] as const;
const PATTERNS = ["plain", "rising", "falling", "dots"] as const;
const PALETTES = ["probability", "size"] as const;
/** In the order of the classes' markers. */
const SHAPES = ["circle", "square", "triangle", "diamond", "cross"] as const;

export type Colour = (typeof COLOURS)[number];
export type Dash = (typeof DASHES)[number];
export type Pattern = (typeof PATTERNS)[number];

export interface Axis {
  readonly label: string;
  readonly log: boolean;
  readonly limits: readonly [number, number] | null;
  readonly ticks: readonly (readonly [at: number, word: string])[] | null;
}

export interface Line {
  readonly kind: "line";
  readonly name: string;
  readonly colour: Colour;
  readonly dash: Dash;
  readonly named: boolean;
  readonly faint: boolean;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

export interface Points {
  readonly kind: "points";
  readonly name: string;
  readonly colour: Colour;
  /** Number of its marker. */
  readonly shape: number;
  readonly hollow: boolean;
  readonly x: Float32Array;
  readonly y: Float32Array;
}

export interface Band {
  readonly kind: "band";
  readonly name: string;
  readonly colour: Colour;
  readonly x: Float32Array;
  readonly low: Float32Array;
  readonly high: Float32Array;
}

export interface Bars {
  readonly kind: "bars";
  readonly name: string;
  readonly colour: Colour;
  readonly pattern: Pattern;
  readonly left: Float32Array;
  readonly right: Float32Array;
  readonly low: Float32Array;
  readonly high: Float32Array;
}

export interface Rule {
  readonly kind: "rule";
  readonly label: string;
  readonly at: number;
  readonly vertical: boolean;
  readonly colour: Colour;
  readonly dash: Dash;
}

export type Extent = readonly [left: number, right: number, bottom: number, top: number];

export interface Field {
  readonly kind: "field";
  readonly name: string;
  readonly palette: (typeof PALETTES)[number];
  readonly extent: Extent;
  /** One picture; its first row is the top. */
  readonly pictures: Pictures;
}

export interface Contours {
  readonly kind: "contours";
  readonly name: string;
  readonly colour: Colour;
  readonly faint: boolean;
  readonly extent: Extent;
  readonly pictures: Pictures;
}

export type Mark = Line | Points | Band | Bars | Rule | Field | Contours;

export interface Chart {
  readonly title: string;
  readonly sentence: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly square: boolean;
  readonly marks: readonly Mark[];
}

export function decodeChart(value: unknown): Chart {
  const chart = record(value, "chart");
  if (!Array.isArray(chart.marks)) return refuse(`marks is ${show(chart.marks)}; it must be a list`);
  return {
    title: text(chart, "title"),
    sentence: text(chart, "sentence"),
    x: decodeAxis(chart.x),
    y: decodeAxis(chart.y),
    square: flag(chart, "square"),
    marks: chart.marks.map(decodeMark),
  };
}

function decodeAxis(value: unknown): Axis {
  const axis = record(value, "axis");
  return {
    label: text(axis, "label"),
    log: oneOf("scale", axis.scale, ["linear", "log"] as const) === "log",
    limits: axis.limits === null ? null : pairOfNumbers("limits", axis.limits),
    ticks: axis.ticks === null ? null : decodeTicks(axis.ticks),
  };
}

function pairOfNumbers(name: string, value: unknown): [number, number] {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isFinite)) {
    return refuse(`${name} is ${show(value)}; it must be two finite numbers`);
  }
  return value as [number, number];
}

function decodeTicks(value: unknown): [number, string][] {
  if (!Array.isArray(value)) return refuse(`ticks is ${show(value)}; it must be a list`);
  return value.map((tick: unknown) => {
    if (!Array.isArray(tick) || !Number.isFinite(tick[0]) || typeof tick[1] !== "string") {
      return refuse(`ticks has ${show(tick)}; it must be a number and a word`);
    }
    return tick as [number, string];
  });
}

function decodeMark(value: unknown): Mark {
  const mark = record(value, "mark");
  if (mark.kind === "field") {
    const palette = oneOf("palette", mark.palette, PALETTES);
    return { kind: "field", name: text(mark, "name"), palette, ...decodePictures(mark) };
  }
  const colour = oneOf("colour", mark.colour, COLOURS);
  switch (mark.kind) {
    case "line": {
      const [x, y] = arrays(mark, 2) as [Float32Array, Float32Array];
      const dash = oneOf("dash", mark.dash, DASHES);
      const named = flag(mark, "named");
      const faint = flag(mark, "faint");
      return { kind: "line", name: text(mark, "name"), colour, dash, named, faint, x, y };
    }
    case "points": {
      const [x, y] = arrays(mark, 2) as [Float32Array, Float32Array];
      const shape = SHAPES.indexOf(oneOf("shape", mark.shape, SHAPES));
      const hollow = flag(mark, "hollow");
      return { kind: "points", name: text(mark, "name"), colour, shape, hollow, x, y };
    }
    case "band": {
      const [x, low, high] = arrays(mark, 3) as [Float32Array, Float32Array, Float32Array];
      return { kind: "band", name: text(mark, "name"), colour, x, low, high };
    }
    case "bars": {
      const [left, right, low, high] = arrays(mark, 4) as Float32Array[] & { length: 4 };
      const pattern = oneOf("pattern", mark.pattern, PATTERNS);
      return {
        kind: "bars", name: text(mark, "name"), colour, pattern,
        left: left as Float32Array, right: right as Float32Array,
        low: low as Float32Array, high: high as Float32Array,
      };
    }
    case "rule": {
      if (!Number.isFinite(mark.at)) return refuse(`at is ${show(mark.at)}; it must be a number`);
      const vertical = oneOf("axis", mark.axis, ["x", "y"] as const) === "x";
      const dash = oneOf("dash", mark.dash, DASHES);
      return { kind: "rule", label: text(mark, "label"), at: mark.at as number, vertical, colour, dash };
    }
    case "contours": {
      const faint = flag(mark, "faint");
      return { kind: "contours", name: text(mark, "name"), colour, faint, ...decodePictures(mark) };
    }
    default:
      return refuse(`kind is ${show(mark.kind)}; it is none of the known`);
  }
}

function decodePictures(mark: Fields): { extent: Extent; pictures: Pictures } {
  const extent = mark.extent;
  if (!Array.isArray(extent) || extent.length !== 4 || !extent.every(Number.isFinite)) {
    return refuse(`extent is ${show(extent)}; it must be four finite numbers`);
  }
  const shape = mark.shape;
  if (!Array.isArray(shape) || shape.length !== 3 || !shape.every((n) => Number.isInteger(n) && n > 0)) {
    return refuse(`shape is ${show(shape)}; it must be three sizes`);
  }
  const [count, height, width] = shape as [number, number, number];
  const [buffer, ...more] = Array.isArray(mark.arrays) ? (mark.arrays as unknown[]) : [];
  const data = bytesOf(buffer, "a field");
  if (more.length > 0 || data.byteLength !== count * height * width) {
    return refuse(`a field has ${data.byteLength} bytes; its shape needs ${count * height * width}`);
  }
  return { extent: extent as unknown as Extent, pictures: { count, height, width, data } };
}

/** The mark's `count` arrays of float32, all of one length. */
function arrays(mark: Fields, count: number): Float32Array[] {
  const list = mark.arrays;
  if (!Array.isArray(list) || list.length !== count) {
    return refuse(`arrays is ${show(list)}; it must be a list of ${count}`);
  }
  const made = list.map((buffer: unknown) => {
    const bytes = bytesOf(buffer, "a mark");
    if (bytes.byteLength % 4 !== 0) return refuse(`a mark has ${bytes.byteLength} bytes`);
    // A view of four-byte numbers must start at a multiple of four.
    const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
    return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  });
  if (made.some(({ length }) => length !== made[0]?.length)) {
    return refuse(`a mark has arrays of ${made.map(({ length }) => length).join(", ")} numbers`);
  }
  return made;
}
