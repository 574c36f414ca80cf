import assert from "node:assert/strict";
import { test } from "node:test";
import { answerAt, byteAt } from "../../nbtutor/frontend/src/field_value";
import type { Pictures } from "../../nbtutor/frontend/src/protocol";

function field(width: number, data: readonly number[]): Pictures {
  return { count: 1, width, height: data.length / width, data: Uint8Array.from(data) };
}

const PLANE = field(2, [0, 100, 200, 60]);

test("a byte at a pixel's middle is the pixel's, and between them it is in proportion", () => {
  const shown: readonly [number, number, number][] = [
    [0.25, 0.25, 0], [0.75, 0.25, 100], [0.25, 0.75, 200], [0.75, 0.75, 60],
    [0.5, 0.25, 50], [0.25, 0.5, 100], [0.5, 0.5, 90],
    // Beyond the outer middles nothing is known: the last pixel stays.
    [0, 0, 0], [1, 0, 100], [0, 1, 200], [1, 1, 60],
  ];
  for (const [across, down, byte] of shown) assert.equal(byteAt(PLANE, across, down), byte);
});

test("a smooth field is met to within a byte's precision between its pixels", () => {
  const side = 100;
  const p = (across: number, down: number): number =>
    1 / (1 + Math.exp(-(12 * across - 6 - 3 * (down - 0.5))));
  const data: number[] = [];
  for (let row = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1) {
      data.push(Math.round(255 * p((column + 0.5) / side, (row + 0.5) / side)));
    }
  }
  const plane = field(side, data);
  for (const across of [0.113, 0.402, 0.4977, 0.5213, 0.87]) {
    for (const down of [0.05, 0.331, 0.777]) {
      const error = byteAt(plane, across, down) / 255 - p(across, down);
      assert.ok(Math.abs(error) < 1 / 255, `${across}, ${down}: ${error}`);
    }
  }
});

test("each kind of field is told in its own words", () => {
  assert.deepEqual(answerAt(field(1, [204]), "probability", 0.5, 0.5), {
    short: "p 0.80", long: "probability of class 1: 0.80",
  });
  assert.deepEqual(answerAt(field(1, [128]), "value", 0.5, 0.5), {
    short: "value 0.00", long: "value 0.00",
  });
  assert.equal(answerAt(field(1, [255]), "value", 0.5, 0.5).long, "value 1.00 or above");
  assert.equal(answerAt(field(1, [1]), "value", 0.5, 0.5).long, "value \u22121.00 or below");
  // Class 2 leads by 31 of 31 steps; between classes the pixel counts, not a mean of classes.
  const classes = field(2, [2 * 32 + 31, 0]);
  assert.deepEqual(answerAt(classes, "winner", 0.49, 0.5), {
    short: "class 2", long: "class 2, ahead by 1.00",
  });
  assert.equal(answerAt(classes, "winner", 0.51, 0.5).long, "class 0, ahead by 0.00");
});
