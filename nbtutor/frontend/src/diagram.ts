// What can be pointed at on the network's diagram: its name, its number, and the way to the next one.
// Without a page, so that it is tested without one.

import type { Link, NetworkLayout, Unit } from "./network_layout";
import { formatValue } from "./numbers";
import type { Structure } from "./protocol";

export interface Target {
  readonly kind: "unit" | "link";
  /** Its place among the layout's units or links. */
  readonly index: number;
}

/** A weight, or a bias where `source` is null, as the kernel counts: layers with weights, from 0. */
export interface Place {
  readonly layer: number;
  readonly source: number | null;
  readonly unit: number;
}

/** The end that a link was reached from; up and down go through the links of that unit. */
export type Pivot = "from" | "to";

// As in settings.py.
export const MOST_LAYERS = 6;
export const MOST_UNITS = 64;

export function sameTarget(one: Target | null, other: Target | null): boolean {
  return one?.kind === other?.kind && one?.index === other?.index;
}

export function unitName({ layer, index }: Unit, structure: Structure): string {
  const last = structure.shown.length - 1;
  if (layer === 0) return `input ${structure.inputs[index] ?? index + 1}`;
  if (layer === last) return structure.kind === "winner" ? `output class ${index}` : "the output";
  return `hidden ${layer}, unit ${index + 1}`;
}

/** "Weight from input x to hidden 1, unit 2", "Bias of the output", "Input x". */
export function targetName(target: Target, layout: NetworkLayout, structure: Structure): string {
  if (target.kind === "link") {
    const link = layout.links[target.index];
    if (link === undefined) return "";
    return `Weight from ${unitName(link.from, structure)} to ${unitName(link.to, structure)}`;
  }
  const unit = layout.units[target.index];
  if (unit === undefined) return "";
  const name = unitName(unit, structure);
  return unit.layer === 0 ? name.replace("input", "Input") : `Bias of ${name}`;
}

/** Where its number is in `weights`; -1 for an input, which has none. */
export function numberOf({ kind, index }: Target, layout: NetworkLayout): number {
  return (kind === "link" ? layout.links[index]?.weight : layout.biases[index]) ?? -1;
}

/** Its name with its present number. */
export function tellTarget(
  target: Target, layout: NetworkLayout, structure: Structure, weights: Float32Array | null,
): string {
  const name = targetName(target, layout, structure);
  const at = numberOf(target, layout);
  return at < 0 || weights === null
    ? name
    : `${name}: ${formatValue(weights[at] ?? Number.NaN, 3)}`;
}

/** Null for an input. */
export function placeOf({ kind, index }: Target, layout: NetworkLayout): Place | null {
  if (kind === "link") {
    const link = layout.links[index];
    if (link === undefined) return null;
    return { layer: link.to.layer - 1, source: link.from.index, unit: link.to.index };
  }
  const unit = layout.units[index];
  if (unit === undefined || unit.layer === 0) return null;
  return { layer: unit.layer - 1, source: null, unit: unit.index };
}

/** A point on it. */
export function middleOf({ kind, index }: Target, layout: NetworkLayout): { x: number; y: number } {
  if (kind === "unit") {
    const unit = layout.units[index];
    return { x: unit?.x ?? 0, y: unit?.y ?? 0 };
  }
  const link = layout.links[index];
  if (link === undefined) return { x: 0, y: 0 };
  return { x: (link.x0 + link.x1) / 2, y: (link.y0 + link.y1) / 2 };
}

/** Where an arrow key, Home or End leads from a target; null for another key. */
export function step(
  layout: NetworkLayout, from: Target, key: string, pivot: Pivot,
): { target: Target; pivot: Pivot } | null {
  const { units } = layout;
  if (key === "Home") return { target: { kind: "unit", index: 0 }, pivot };
  if (key === "End") return { target: { kind: "unit", index: units.length - 1 }, pivot };
  if (!/^Arrow(Up|Down|Left|Right)$/.test(key)) return null;
  const target = from.kind === "unit" ? fromUnit(layout, from, key) : fromLink(layout, from, key, pivot);
  if (from.kind === "unit" && target.kind === "link") pivot = key === "ArrowRight" ? "from" : "to";
  return { target, pivot };
}

function fromUnit({ units, links }: NetworkLayout, from: Target, key: string): Target {
  const unit = units[from.index];
  if (unit === undefined) return from;
  if (key === "ArrowUp" || key === "ArrowDown") {
    const next = from.index + (key === "ArrowUp" ? -1 : 1);
    return units[next]?.layer === unit.layer ? { kind: "unit", index: next } : from;
  }
  const [own, other]: [Pivot, Pivot] = key === "ArrowRight" ? ["from", "to"] : ["to", "from"];
  return nearest(links, (link) => link[own] === unit, (link) => link[other].index - unit.index) ?? from;
}

function fromLink({ units, links }: NetworkLayout, from: Target, key: string, pivot: Pivot): Target {
  const link = links[from.index];
  if (link === undefined) return from;
  if (key === "ArrowLeft") return { kind: "unit", index: units.indexOf(link.from) };
  if (key === "ArrowRight") return { kind: "unit", index: units.indexOf(link.to) };
  const other = pivot === "from" ? "to" : "from";
  const wanted = link[other].index + (key === "ArrowUp" ? -1 : 1);
  const index = links.findIndex((one) => one[pivot] === link[pivot] && one[other].index === wanted);
  return index < 0 ? from : { kind: "link", index };
}

/** The link among those that fit that leads most level. */
function nearest(
  links: readonly Link[], fits: (link: Link) => boolean, rise: (link: Link) => number,
): Target | null {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  links.forEach((link, index) => {
    const away = fits(link) ? Math.abs(rise(link)) : Number.POSITIVE_INFINITY;
    if (away < least) [best, least] = [index, away];
  });
  return best < 0 ? null : { kind: "link", index: best };
}
