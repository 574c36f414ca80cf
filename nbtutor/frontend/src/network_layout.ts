// Where the units and the links of a network stand. Numbers only, so that it is tested without a page.

export interface Unit {
  /** 0 for the inputs. */
  readonly layer: number;
  readonly index: number;
  /** Centre. */
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

export interface Link {
  readonly from: Unit;
  readonly to: Unit;
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  /** Place of its weight in `weights`. */
  readonly weight: number;
}

export interface Column {
  readonly layer: number;
  readonly x: number;
  /** Upper end of the first unit and lower end of the last. */
  readonly top: number;
  readonly bottom: number;
  /** Units that exist but are not drawn. */
  readonly hidden: number;
}

export interface NetworkLayout {
  readonly columns: readonly Column[];
  readonly units: readonly Unit[];
  readonly links: readonly Link[];
  /** Place of each unit's bias in `weights`; -1 for inputs. Same order as `units`. */
  readonly biases: readonly number[];
  readonly spacing: number;
}

export interface Box {
  readonly width: number;
  readonly height: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
  readonly largestUnit: number;
}

export function layOutNetwork(
  layers: readonly number[],
  shown: readonly number[],
  box: Box,
): NetworkLayout {
  const inner = box.width - box.left - box.right;
  const tall = box.height - box.top - box.bottom;
  const most = Math.max(...shown);
  const step = tall / most;
  const size = Math.max(6, Math.floor(Math.min(
    box.largestUnit, step * 0.78, (inner / (shown.length - 0.5)) * 0.62,
  )));
  const spacing = (inner - size) / (shown.length - 1);
  const pitch = Math.min(step, size * 1.7);

  const columns: Column[] = [];
  const byLayer: Unit[][] = shown.map((count, layer) => {
    const x = box.left + size / 2 + layer * spacing;
    const first = box.top + tall / 2 - ((count - 1) / 2) * pitch;
    columns.push({
      layer,
      x,
      top: first - size / 2,
      bottom: first + (count - 1) * pitch + size / 2,
      hidden: (layers[layer] ?? count) - count,
    });
    return Array.from({ length: count }, (_, index) => ({
      layer, index, x, y: first + index * pitch, size,
    }));
  });

  const links: Link[] = [];
  const biases: number[] = (byLayer[0] ?? []).map(() => -1);
  let offset = 0;
  for (let layer = 1; layer < byLayer.length; layer += 1) {
    const before = byLayer[layer - 1] ?? [];
    const units = byLayer[layer] ?? [];
    for (const from of before) {
      for (const to of units) {
        links.push({
          from,
          to,
          x0: from.x + size / 2,
          y0: from.y,
          x1: to.x - size / 2,
          y1: to.y,
          weight: offset + from.index * units.length + to.index,
        });
      }
    }
    for (const unit of units) biases.push(offset + before.length * units.length + unit.index);
    offset += (before.length + 1) * units.length;
  }
  return { columns, units: byLayer.flat(), links, biases, spacing };
}

/** Height of a link at `x`; its curve leaves and arrives level. */
export function linkHeight(link: Link, x: number): number {
  const along = (x - link.x0) / (link.x1 - link.x0);
  if (along <= 0) return link.y0;
  if (along >= 1) return link.y1;
  let low = 0;
  let high = 1;
  for (let turn = 0; turn < 14; turn += 1) {
    const t = (low + high) / 2;
    if (1.5 * t * (1 - t) + t ** 3 < along) low = t;
    else high = t;
  }
  return link.y0 + (link.y1 - link.y0) * low * low * (3 - 2 * low);
}

export function unitAt(layout: NetworkLayout, x: number, y: number): number {
  return layout.units.findIndex(
    (unit) => Math.abs(x - unit.x) <= unit.size / 2 && Math.abs(y - unit.y) <= unit.size / 2,
  );
}

/** The link under a point, or -1. */
export function linkAt(layout: NetworkLayout, x: number, y: number, reach: number): number {
  let best = -1;
  let least = reach;
  layout.links.forEach((link, index) => {
    if (x < link.x0 || x > link.x1) return;
    const distance = Math.abs(linkHeight(link, x) - y);
    if (distance < least) {
      least = distance;
      best = index;
    }
  });
  return best;
}

/** Steps in which thickness rises, so that many links are drawn with few strokes. */
export const LEVELS = 12;

/** Thickness step of a weight: nearly linear to about 1.5, then flatter. */
export function weightLevel(weight: number): number {
  return Math.min(LEVELS - 1, Math.floor(LEVELS * (1 - Math.exp(-Math.abs(weight) / 1.5))));
}
