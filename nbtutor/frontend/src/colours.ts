// Colours of fields: a table of 256 colours from a low end over a neutral middle to a high end.

export type Rgb = readonly [number, number, number];

/** Mixes in OKLab, where equal steps look equal. Components 0 to 255. */
type Lab = readonly [number, number, number];

function toLinear(component: number): number {
  const c = component / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

function fromLinear(c: number): number {
  const component = c <= 0.0031308 ? 12.92 * c : 1.055 * Math.max(c, 0) ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, component)));
}

// The matrices are those of Björn Ottosson, "A perceptual color space for image processing", 2020.
export function toLab([red, green, blue]: Rgb): Lab {
  const r = toLinear(red);
  const g = toLinear(green);
  const b = toLinear(blue);
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromLab([lightness, a, b]: Lab): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    fromLinear(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    fromLinear(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    fromLinear(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function mix(from: Lab, to: Lab, share: number): Lab {
  return [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * share,
    from[2] + (to[2] - from[2]) * share,
  ];
}

export function labDistance(a: Lab, b: Lab): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** Where the neutral colour stands in bytes: a probability has 127.5, a unit's output 128. */
export const PROBABILITY_CENTRE = 127.5;
export const OUTPUT_CENTRE = 128;

export interface FieldColours {
  readonly low: Rgb;
  readonly middle: Rgb;
  readonly high: Rgb;
}

// How much of the way to the nearer end colour a field goes. Less than all of it, so that markers
// in the full colours stand out.
const STRENGTH = 0.75;

/**
 * 256 colours, each packed as an ImageData's 32-bit word. Both arms have the same length in OKLab,
 * so a step on either side of the boundary looks the same.
 */
export function fieldTable({ low, middle, high }: FieldColours, centre: number): Uint32Array {
  const neutral = toLab(middle);
  const arms = [toLab(low), toLab(high)] as const;
  const reach = STRENGTH * Math.min(labDistance(neutral, arms[0]), labDistance(neutral, arms[1]));
  const table = new Uint32Array(256);
  for (let value = 0; value < 256; value += 1) {
    const offset = value - centre;
    const arm = offset < 0 ? arms[0] : arms[1];
    const share = Math.min(1, Math.abs(offset) / (offset < 0 ? centre : 255 - centre));
    const colour = fromLab(mix(neutral, arm, (share * reach) / labDistance(neutral, arm)));
    table[value] = pack(colour);
  }
  return table;
}

/** Steps of a winner's lead; see protocol.py. */
export const LEAD_STEPS = 32;

/** For bytes that hold a class and its lead: each class from the neutral colour to its own. */
export function winnerTable(middle: Rgb, classes: readonly Rgb[]): Uint32Array {
  const neutral = toLab(middle);
  const table = new Uint32Array(256);
  for (let value = 0; value < 256; value += 1) {
    const own = classes[Math.floor(value / LEAD_STEPS)] ?? middle;
    const share = STRENGTH * ((value % LEAD_STEPS) / (LEAD_STEPS - 1));
    table[value] = pack(fromLab(mix(neutral, toLab(own), share)));
  }
  return table;
}

/** For a probability of one class: from neutral, at 0, to the class's colour. */
export function classTable(middle: Rgb, own: Rgb): Uint32Array {
  const ends = [toLab(middle), toLab(own)] as const;
  return Uint32Array.from({ length: 256 }, (_, value) =>
    pack(fromLab(mix(ends[0], ends[1], (STRENGTH * value) / 255))),
  );
}

/** ImageData holds red, green, blue, alpha in this order; a little-endian word reads backwards. */
function pack([red, green, blue]: Rgb): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

export function unpack(word: number): Rgb {
  return [word & 255, (word >>> 8) & 255, (word >>> 16) & 255];
}

/** Reads what `getComputedStyle` gives for a colour. */
export function parseRgb(colour: string): Rgb {
  const parts = colour.match(/[\d.]+/g)?.map(Number) ?? [];
  const [red = 0, green = 0, blue = 0] = parts;
  // "color(srgb 0.1 0.2 0.3)" counts to 1, "rgb(1, 2, 3)" to 255.
  const scale = colour.startsWith("color(") ? 255 : 1;
  return [Math.round(red * scale), Math.round(green * scale), Math.round(blue * scale)];
}
