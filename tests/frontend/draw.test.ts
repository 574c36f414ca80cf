import assert from "node:assert/strict";
import { test } from "node:test";
import {
  among, brushAnswer, placesAlong, spotsOf, spray, toSteps, within, without, type Domain, type Spot,
} from "../../nbtutor/frontend/src/strokes";

const PLANE: Domain = [-6, 6, -6, 6];

test("points are named in whole steps, whatever a float32 makes of them", () => {
  const points = Float32Array.of(1.23, -4.56, 3, 0, 0.1, 5.99, 1, 1);
  assert.deepEqual(spotsOf(points, false), [[123, -456, 3], [10, 599, 1]]);
  assert.deepEqual(spotsOf(points, false, false), [[123, -456, 3]]);
  assert.deepEqual(spotsOf(Float32Array.of(1, 2, -0.375, 0), true), [[100, 200, -375]]);
});

test("a place is kept on the plane, and has no negative zero", () => {
  assert.deepEqual(toSteps(7, -9.5, PLANE), [600, -600]);
  assert.deepEqual(toSteps(1.005, -0.001, PLANE).map((n) => Object.is(n, -0)), [false, false]);
});

test("the points within reach are found, the nearest first", () => {
  const spots: Spot[] = [[0, 0, 0], [30, 40, 1], [3, 4, 2], [-100, 0, 0]];
  assert.deepEqual(within(spots, [0, 0], 50), [[0, 0, 0], [3, 4, 2], [30, 40, 1]]);
  assert.deepEqual(within(spots, [0, 0], 49).length, 2);
  assert.deepEqual(within([], [0, 0], 1e9), []);
  // On the way from one place to another, and round its ends.
  const row: Spot[] = [[-20, 0, 0], [-4, 3, 0], [50, 4, 0], [50, 6, 0], [103, 4, 0], [104, 4, 0]];
  assert.deepEqual(within(row, [100, 0], 5, [0, 0]).map(([x]) => x), [50, -4, 103]);
});

test("spots are taken away by place and class", () => {
  const spots: Spot[] = [[1, 2, 0], [1, 2, 1], [3, 4, 0]];
  assert.deepEqual(without(spots, [[1, 2, 0]]), [[1, 2, 1], [3, 4, 0]]);
  assert.deepEqual(among(spots, [[1, 2, 0], [9, 9, 0]]), [[1, 2, 0]]);
});

test("a spray stays within its radius", () => {
  for (let k = 0; k < 200; k += 1) {
    const [x, y] = spray(10, 20, 9);
    assert.ok(Math.hypot(x - 10, y - 20) <= 9);
  }
  assert.deepEqual(spray(10, 20, 9, () => 0), [10, 20]);
});

test("the five brushes are classes, or values from -1 to 1", () => {
  assert.deepEqual([0, 1, 2, 3, 4].map((k) => brushAnswer(k, false)), [0, 1, 2, 3, 4]);
  assert.deepEqual([0, 1, 2, 3, 4].map((k) => brushAnswer(k, true)), [-1000, -500, 0, 500, 1000]);
});

test("a fast pointer leaves no gaps", () => {
  const places = placesAlong({ x: 0, y: 0 }, { x: 30, y: 40 }, 12);
  assert.deepEqual(places.map(({ x, y }) => Math.round(Math.hypot(x, y))), [12, 24, 36, 48]);
  assert.ok(places.every(({ x, y }) => Math.abs(4 * x - 3 * y) < 1e-9));
  assert.deepEqual(placesAlong({ x: 5, y: 5 }, { x: 5, y: 5 }, 12), []);
  assert.deepEqual(placesAlong({ x: 0, y: 0 }, { x: 11, y: 0 }, 12), []);
});
