// The parts of the pictures that are plain arithmetic.

import assert from "node:assert/strict";
import { test } from "node:test";
import { planeBoundaries } from "../../nbtutor/frontend/src/boundary";
import {
  classTable, fieldTable, labDistance, LEAD_STEPS, OUTPUT_CENTRE, parseRgb, PROBABILITY_CENTRE,
  toLab, unpack, winnerTable, type Rgb,
} from "../../nbtutor/frontend/src/colours";
import { decimate, decimatedSize } from "../../nbtutor/frontend/src/decimate";
import { spread, thinLabels } from "../../nbtutor/frontend/src/labels";
import { markerPath, shapeName } from "../../nbtutor/frontend/src/markers";
import {
  layOutNetwork, LEVELS, linkAt, linkHeight, unitAt, weightLevel,
} from "../../nbtutor/frontend/src/network_layout";
import {
  formatEpoch, formatEpochTick, formatLoss, formatShare, formatTick, formatValue, NONE,
} from "../../nbtutor/frontend/src/numbers";
import { accuracyLimits, epochLimit, lossLimits } from "../../nbtutor/frontend/src/ranges";
import { ACCURACY, Curve, nearestRow, ROW } from "../../nbtutor/frontend/src/curve";
import { shownUnits, weightCount } from "../../nbtutor/frontend/src/scene";
import { Throttle } from "../../nbtutor/frontend/src/throttle";
import { FakeTime } from "./fake_time";

const COLOURS = { low: [0, 114, 178], middle: [244, 244, 242], high: [230, 159, 0] } as const;

function colourAt(table: Uint32Array, value: number): Rgb {
  return unpack(table[value] ?? 0);
}

test("a unit's table is neutral exactly at 128, a probability's between 127 and 128", () => {
  assert.deepEqual(colourAt(fieldTable(COLOURS, OUTPUT_CENTRE), 128), COLOURS.middle);
  const table = fieldTable(COLOURS, PROBABILITY_CENTRE);
  for (const value of [127, 128]) {
    colourAt(table, value).forEach((part, k) => {
      assert.ok(Math.abs(part - (COLOURS.middle[k] ?? 0)) <= 1, `${value}: ${part}`);
    });
  }
});

test("the table is opaque, and its ends lean to their colours", () => {
  const table = fieldTable(COLOURS, PROBABILITY_CENTRE);
  assert.ok(table.every((word) => word >>> 24 === 255));
  const [red, , blue] = colourAt(table, 0);
  assert.ok(blue > red + 40);
  const [warm, , cold] = colourAt(table, 255);
  assert.ok(warm > cold + 40);
});

test("equal steps look equal, on both sides of the boundary", () => {
  const table = fieldTable(COLOURS, PROBABILITY_CENTRE);
  const neutral = toLab(COLOURS.middle);
  const away = (value: number): number => labDistance(neutral, toLab(colourAt(table, value)));
  for (const step of [32, 64, 96, 127]) {
    const [below, above] = [away(127 - step), away(128 + step)];
    assert.ok(Math.abs(below - above) < 0.006, `${step}: ${below} and ${above}`);
    assert.ok(Math.abs(above / away(255) - (step + 0.5) / 127.5) < 0.03);
  }
});

function picture(side: number, probability: (x: number, y: number) => number) {
  const data = Uint8Array.from({ length: side * side }, (_, k) => {
    const [x, y] = [(k % side) + 0.5, Math.floor(k / side) + 0.5];
    return Math.round(255 * Math.max(0, Math.min(1, probability(x, y))));
  });
  return { count: 1, width: side, height: side, data };
}

test("a boundary that crosses the picture runs from edge to edge, and not along them", () => {
  // One half on the straight line y = x / 2 + 4.
  const sloped = picture(20, (x, y) => 0.5 + 0.05 * (y - x / 2 - 4));
  const lines = planeBoundaries(sloped, "probability", 2);
  assert.equal(lines.length, 1);
  const ends = [lines[0]?.[0], lines[0]?.at(-1)].map((point) => point?.[0] ?? Number.NaN);
  assert.deepEqual(ends.sort((a, b) => a - b), [0, 20]);
  for (const [x, y] of lines.flat()) assert.ok(Math.abs(y - x / 2 - 4) < 0.15, `${x}, ${y}`);
});

test("a closed boundary is a closed line, and a picture of one class has none", () => {
  const round = picture(20, (x, y) => 0.5 + 0.1 * (6 - Math.hypot(x - 10, y - 10)));
  const [ring, ...others] = planeBoundaries(round, "probability", 2);
  assert.equal(others.length, 0);
  assert.deepEqual(ring?.[0], ring?.at(-1));
  for (const [x, y] of ring ?? []) assert.ok(Math.abs(Math.hypot(x - 10, y - 10) - 6) < 0.2);
  assert.deepEqual(planeBoundaries(picture(20, () => 0.9), "probability", 2), []);
  assert.deepEqual(planeBoundaries(picture(20, () => 0.1), "probability", 2), []);
});

/** Three classes that win in a third of the angles each, with a lead that grows from the border. */
function thirds(side: number) {
  const data = Uint8Array.from({ length: side * side }, (_, k) => {
    const [x, y] = [(k % side) + 0.5 - side / 2, Math.floor(k / side) + 0.5 - side / 2];
    const turn = ((Math.atan2(y, x) + Math.PI) / (2 * Math.PI)) * 3;
    const winner = Math.min(2, Math.floor(turn));
    const away = Math.min(turn - winner, winner + 1 - turn) * 2;
    return LEAD_STEPS * winner + Math.round((LEAD_STEPS - 1) * away);
  });
  return { count: 1, width: side, height: side, data };
}

test("the lines between three classes lie where the winner changes", () => {
  const lines = planeBoundaries(thirds(40), "winner", 3);
  assert.ok(lines.length >= 2);
  for (const [x, y] of lines.flat()) {
    const [dx, dy] = [x - 20, y - 20];
    if (Math.hypot(dx, dy) < 3) continue; // where all three meet
    const turn = ((Math.atan2(dy, dx) + Math.PI) / (2 * Math.PI)) * 3;
    const off = (Math.abs(turn - Math.round(turn)) / 3) * 2 * Math.PI * Math.hypot(dx, dy);
    assert.ok(off < 1, `${x}, ${y} is ${off} pixels off`);
  }
  const reached = lines.flat().map(([x, y]) => Math.hypot(x - 20, y - 20));
  assert.ok(Math.max(...reached) > 18 && Math.min(...reached) < 3);
});

test("values have no boundary", () => {
  assert.deepEqual(planeBoundaries(picture(20, (x) => x / 20), "value", 0), []);
});

test("a winner's table goes from neutral to the class's colour, class by class", () => {
  const classes: Rgb[] = [[0, 114, 178], [230, 159, 0], [0, 158, 115]];
  const table = winnerTable(COLOURS.middle, classes);
  classes.forEach((own, kind) => {
    assert.deepEqual(colourAt(table, kind * LEAD_STEPS), COLOURS.middle);
    const [near, far] = [0.25, 1].map((share) => {
      const shown = colourAt(table, kind * LEAD_STEPS + Math.round(share * (LEAD_STEPS - 1)));
      return labDistance(toLab(own), toLab(shown));
    });
    assert.ok((far ?? 1) < (near ?? 0));
    assert.deepEqual(colourAt(classTable(COLOURS.middle, own), 0), COLOURS.middle);
  });
});

test("computed colours are read in both spellings", () => {
  assert.deepEqual(parseRgb("rgb(1, 2, 3)"), [1, 2, 3]);
  assert.deepEqual(parseRgb("rgba(1, 2, 3, 0.5)"), [1, 2, 3]);
  assert.deepEqual(parseRgb("color(srgb 1 0.5 0)"), [255, 128, 0]);
});

test("every class has a marker of its own", () => {
  const names = [0, 1, 2, 3, 4].map(shapeName);
  assert.deepEqual(names, ["circle", "square", "triangle", "diamond", "cross"]);
  assert.equal(new Set([0, 1, 2, 3, 4].map((kind) => markerPath(kind, 4))).size, 5);
});

function rowsOf(losses: readonly number[]): Float32Array {
  return Float32Array.from(losses.flatMap((loss, epoch) => [epoch, loss, loss + 1]));
}

test("decimation keeps the ends and every extreme", () => {
  const losses = Array.from({ length: 10_000 }, (_, k) => Math.sin(k / 50));
  losses[3_333] = 9;
  losses[7_777] = -9;
  const table = { data: rowsOf(losses), rows: losses.length, columns: 3 };
  const into = new Uint32Array(decimatedSize(200));
  const count = decimate(table, 1, 200, into);
  const kept = [...into.subarray(0, count)];
  assert.ok(count <= 800 && count > 200);
  for (const row of [0, 3_333, 7_777, 9_999]) assert.ok(kept.includes(row), `row ${row}`);
  assert.deepEqual(kept, [...kept].sort((a, b) => a - b));
  assert.equal(new Set(kept).size, count);
});

test("few rows are kept as they are, and rows without a value are left out", () => {
  const table = { data: rowsOf([3, Number.NaN, 1]), rows: 3, columns: 3 };
  const into = new Uint32Array(decimatedSize(100));
  assert.deepEqual([...into.subarray(0, decimate(table, 1, 100, into))], [0, 2]);
  assert.equal(decimate({ data: new Float32Array(0), rows: 0, columns: 3 }, 1, 100, into), 0);
});

test("a long curve is thinned and keeps its first, its last and its peak", () => {
  const curve = new Curve(null);
  for (let epoch = 0; epoch < 40_000; epoch += 1) {
    curve.append(Float32Array.of(epoch, epoch === 4_321 ? 50 : 1, 1, 0.5, 0.5));
  }
  assert.ok(curve.rows <= 16_384);
  const epochs = Array.from({ length: curve.rows }, (_, row) => curve.data[row * ROW] ?? -1);
  assert.equal(epochs[0], 0);
  assert.equal(epochs.at(-1), 39_999);
  assert.ok(epochs.includes(4_321));
  assert.ok(epochs.every((epoch, row) => row === 0 || epoch > (epochs[row - 1] ?? 0)));
});

const BOX = { width: 600, height: 400, top: 20, bottom: 20, left: 30, right: 10, largestUnit: 50 };

test("links end at the units, and each has a weight of its own", () => {
  const shown = [2, 8, 3, 1];
  const layout = layOutNetwork([2, 64, 3, 1], shown, BOX);
  assert.equal(layout.links.length, 2 * 8 + 8 * 3 + 3);
  for (const { from, to, x0, y0, x1, y1 } of layout.links) {
    assert.deepEqual([x0, y0, x1, y1], [from.x + from.size / 2, from.y, to.x - to.size / 2, to.y]);
    assert.equal(to.layer, from.layer + 1);
  }
  const places = [...layout.links.map(({ weight }) => weight), ...layout.biases].filter((k) => k >= 0);
  assert.equal(places.length, weightCount(shown));
  assert.deepEqual([...places].sort((a, b) => a - b), places.map((_, k) => k));
  assert.deepEqual(layout.columns.map(({ hidden }) => hidden), [0, 56, 0, 0]);
  assert.equal(shownUnits(shown), 11);
});

test("a weight stands where its layer's block has it", () => {
  const { links, biases } = layOutNetwork([2, 3, 1], [2, 3, 1], BOX);
  const place = (layer: number, from: number, to: number): number | undefined =>
    links.find((link) => link.to.layer === layer && link.from.index === from && link.to.index === to)
      ?.weight;
  assert.equal(place(1, 1, 2), 5);
  assert.equal(place(2, 2, 0), 11);
  assert.deepEqual(biases, [-1, -1, 6, 7, 8, 12]);
});

for (const [shown, width] of [[[2, 8, 8, 8, 8, 8, 8, 1], 340], [[2, 1], 900], [[7, 8, 1], 500]] as const) {
  test(`units stay in the box and apart: ${shown.join("-")} in ${width}`, () => {
    const box = { ...BOX, width };
    const { units } = layOutNetwork([...shown], [...shown], box);
    for (const { x, y, size } of units) {
      assert.ok(x - size / 2 >= box.left - 0.01 && x + size / 2 <= box.width - box.right + 0.01);
      assert.ok(y - size / 2 >= box.top - 0.01 && y + size / 2 <= box.height - box.bottom + 0.01);
    }
    units.forEach((a, k) => {
      for (const b of units.slice(k + 1)) {
        const apart = Math.max(Math.abs(a.x - b.x), Math.abs(a.y - b.y));
        assert.ok(apart > a.size, "units overlap");
      }
    });
  });
}

test("what is under the pointer is found", () => {
  const layout = layOutNetwork([2, 3, 1], [2, 3, 1], BOX);
  layout.units.forEach(({ x, y }, index) => assert.equal(unitAt(layout, x, y), index));
  assert.equal(unitAt(layout, 1, 1), -1);
  layout.links.forEach((link, index) => {
    assert.equal(linkHeight(link, link.x0), link.y0);
    assert.equal(linkHeight(link, link.x1), link.y1);
    const x = link.x0 + 0.12 * (link.x1 - link.x0);
    const found = layout.links[linkAt(layout, x, linkHeight(link, x), 3)];
    assert.equal(found?.from, link.from, `link ${index}`);
  });
  assert.equal(linkAt(layout, BOX.width / 2, 1, 5), -1);
});

test("thickness rises with the weight and not with its sign", () => {
  assert.equal(weightLevel(0), 0);
  assert.equal(weightLevel(1000), LEVELS - 1);
  assert.equal(weightLevel(-0.8), weightLevel(0.8));
  assert.ok(weightLevel(0.2) < weightLevel(0.6) && weightLevel(0.6) < weightLevel(2));
});

test("labels never overlap, and the newest win", () => {
  const labels = [0, 30, 60, 200, 380].map((at) => ({ at, width: 50 }));
  assert.deepEqual(thinLabels(labels, 400, 8), [0, 2, 3]);
  assert.deepEqual(thinLabels(labels, 430, 8), [0, 2, 3, 4]);
  assert.deepEqual(thinLabels([], 400, 8), []);
  assert.deepEqual(thinLabels([{ at: -1, width: 5 }], 400, 8), []);
});

test("two names keep apart, in their order, and inside", () => {
  assert.deepEqual(spread(10, 50, 14, 0, 100), [10, 50]);
  assert.deepEqual(spread(50, 52, 14, 0, 100), [44, 58]);
  assert.deepEqual(spread(52, 50, 14, 0, 100), [58, 44]);
  assert.deepEqual(spread(99, 98, 14, 6, 94), [94, 80]);
});

test("numbers have no more digits than are true", () => {
  assert.equal(formatEpoch(412), "000,412");
  assert.equal(formatEpoch(1_234_567.9), "1,234,567");
  assert.deepEqual([0, 0.12345, 1.2345, 12.345, 123.45].map(formatLoss), [
    "0.000", "0.123", "1.23", "12.3", "123",
  ]);
  assert.equal(formatLoss(0.00123), "0.0012");
  assert.equal(formatLoss(0.0000123), "1.2e\u22125");
  assert.equal(formatLoss(null), NONE);
  assert.equal(formatLoss(Number.NaN), NONE);
  assert.equal(formatShare(0.9432), "94.3 %");
  assert.equal(formatShare(null), NONE);
  assert.equal(formatValue(-0.4), "\u22120.40");
  assert.equal(formatValue(-0.001), "0.00");
  assert.deepEqual([0, 0.25, 0.0001, 50_000].map(formatTick), ["0", "0.25", "1e\u22124", "5e4"]);
  assert.deepEqual([0, 500, 25_000, 1_500_000].map(formatEpochTick), ["0", "500", "25k", "1.5M"]);
});

test("the epoch axis leaves room behind the last epoch and moves in steps", () => {
  const upTo = (last: number): Curve => new Curve(Float32Array.of(0, 1, 1, 0, 0, last, 0.5, 0.6, 1, 1));
  assert.equal(epochLimit(new Curve(null), 0.2), 10);
  for (const last of [9, 100, 101, 239, 4_001, 77_000]) {
    const limit = epochLimit(upTo(last), 0.2);
    assert.ok(last <= limit * 0.8 && last > limit * 0.8 * 0.45, `${last} of ${limit}`);
  }
  assert.equal(epochLimit(upTo(130), 0.2), epochLimit(upTo(150), 0.2));
});

test("the loss axis holds every loss, on both scales", () => {
  const curve = new Curve(Float32Array.of(
    ...[0, 0.71, 0.69, 0.5, 0.48], ...[1, 0.02, Number.NaN, 0.9, Number.NaN],
    ...[2, 0.003, 0.05, 1, 0.97],
  ));
  const [floor, top] = lossLimits(curve, false);
  assert.ok(floor === 0 && top >= 0.71 && top <= 1);
  const [low, high] = lossLimits(curve, true);
  assert.ok(low > 0 && low <= 0.003 && high >= 0.71, `${low} to ${high}`);
  assert.deepEqual(accuracyLimits(curve, ACCURACY), [0.25, 1]);
  assert.deepEqual(accuracyLimits(curve, ACCURACY, { low: 0.1 }), [0, 1]);
  assert.deepEqual(accuracyLimits(new Curve(null), ACCURACY), [0.75, 1]);
  assert.deepEqual([-1, 0.4, 0.6, 1.7, 9].map((epoch) => nearestRow(curve, epoch)), [0, 0, 1, 2, 2]);
  assert.deepEqual(lossLimits(new Curve(null), true), [0.1, 1]);
  assert.deepEqual(lossLimits(new Curve(null), false), [0, 1]);
});

test("words for screen readers: the first at once, the last always, few between", () => {
  const time = new FakeTime();
  const said: string[] = [];
  const words = new Throttle<string>(2_000, (text) => said.push(text), time);
  for (let k = 0; k < 100; k += 1) {
    words.offer(() => `frame ${k}`);
    time.pass(50);
  }
  assert.equal(said[0], "frame 0");
  assert.ok(said.length <= 4, `${said.length} in five seconds`);
  time.pass(2_000);
  assert.equal(said.at(-1), "frame 99");
  time.pass(10_000);
  words.offer(() => "paused");
  assert.equal(said.at(-1), "paused", "after a silence it is told at once");
  for (let k = 0; k < 100; k += 1) words.offer(() => "paused");
  time.pass(2_000);
  words.offer(() => "playing");
  assert.equal(said.at(-1), "playing", "what was shown already holds nothing up");
  assert.equal(time.waiting, 0);
});
