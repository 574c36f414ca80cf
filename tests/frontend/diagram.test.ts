// What can be pointed at on the network's diagram, and numbers that are typed.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  numberOf, placeOf, step, targetName, tellTarget, type Pivot, type Target,
} from "../../nbtutor/frontend/src/diagram";
import { focusedField } from "../../nbtutor/frontend/src/focus";
import { layOutNetwork } from "../../nbtutor/frontend/src/network_layout";
import type { Structure } from "../../nbtutor/frontend/src/protocol";
import { MOST, reachFor, readNumber, writeNumber } from "../../nbtutor/frontend/src/typed_number";

const BOX = {
  width: 500, height: 300, top: 20, bottom: 20, left: 30, right: 10, largestUnit: 40,
};
const layout = layOutNetwork([2, 3, 1], [2, 3, 1], BOX);
const structure = {
  layers: [2, 3, 1], shown: [2, 3, 1], inputs: ["x", "y"], kind: "probability", classes: 2,
} as unknown as Structure;

/** The kernel's order: for each layer its rows of weights, then its biases. */
const weights = Float32Array.from({ length: 13 }, (_, index) => index);

function walk(from: Target, keys: readonly string[]): string[] {
  let pivot: Pivot = "from";
  return keys.map((key) => {
    const next = step(layout, from, key, pivot);
    assert.ok(next !== null);
    ({ target: from, pivot } = next);
    return targetName(from, layout, structure);
  });
}

test("every unit and link has its place in the kernel, and the number that is there", () => {
  const rows = [[0, 1, 2], [3, 4, 5], [6, 7, 8]];
  layout.links.forEach((_, index) => {
    const target = { kind: "link", index } as const;
    const place = placeOf(target, layout);
    assert.ok(place !== null && place.source !== null);
    const expected = place.layer === 0 ? rows[place.source]?.[place.unit] : 9 + place.source;
    assert.equal(weights[numberOf(target, layout)], expected);
  });
  layout.units.forEach((unit, index) => {
    const target = { kind: "unit", index } as const;
    const place = placeOf(target, layout);
    if (unit.layer === 0) assert.equal(place, null);
    else {
      assert.equal(place?.source, null);
      assert.equal(numberOf(target, layout), unit.layer === 1 ? 6 + unit.index : 12);
    }
  });
});

test("names say what it is and what it is worth", () => {
  const tell = (target: Target): string => tellTarget(target, layout, structure, weights);
  assert.equal(tell({ kind: "unit", index: 0 }), "Input x");
  assert.equal(tell({ kind: "unit", index: 3 }), "Bias of hidden 1, unit 2: 7.000");
  assert.equal(tell({ kind: "unit", index: 5 }), "Bias of the output: 12.000");
  assert.equal(tell({ kind: "link", index: 1 }), "Weight from input x to hidden 1, unit 2: 1.000");
  const none = tellTarget({ kind: "link", index: 1 }, layout, structure, null);
  assert.equal(none, "Weight from input x to hidden 1, unit 2");
});

test("arrow keys lead along the links of the unit that one came from", () => {
  assert.deepEqual(
    walk({ kind: "unit", index: 0 }, ["ArrowUp", "ArrowDown", "ArrowRight", "ArrowDown"]),
    ["Input x", "Input y", "Weight from input y to hidden 1, unit 2",
      "Weight from input y to hidden 1, unit 3"],
  );
  assert.deepEqual(
    walk({ kind: "unit", index: 5 }, ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowDown",
      "ArrowDown", "ArrowLeft", "Home", "End"]),
    ["Bias of the output", "Weight from hidden 1, unit 1 to the output",
      "Weight from hidden 1, unit 2 to the output", "Weight from hidden 1, unit 3 to the output",
      "Weight from hidden 1, unit 3 to the output", "Bias of hidden 1, unit 3", "Input x",
      "Bias of the output"],
  );
  assert.equal(step(layout, { kind: "unit", index: 0 }, "Enter", "from"), null);
});

test("every part can be reached from the first", () => {
  const seen = new Set<string>();
  const queue: [Target, Pivot][] = [[{ kind: "unit", index: 0 }, "from"]];
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    const [target, pivot] = entry;
    const key = `${target.kind} ${target.index} ${pivot}`;
    if (seen.has(key)) continue;
    seen.add(key);
    for (const arrow of ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]) {
      const next = step(layout, target, arrow, pivot);
      if (next !== null) queue.push([next.target, next.pivot]);
    }
  }
  const parts = new Set([...seen].map((key) => key.replace(/ \w+$/, "")));
  assert.equal(parts.size, layout.units.length + layout.links.length);
});

test("numbers are read as people type them", () => {
  for (const [typed, value] of [
    ["1.2", 1.2], [" -0,5 ", -0.5], ["\u22123", -3], ["+.25", 0.25], ["2e-3", 0.002], ["5.", 5],
    ["-0", 0], [String(MOST), MOST],
  ] as const) {
    assert.deepEqual(readNumber(typed), { value }, typed);
  }
  for (const typed of ["", " ", "abc", "1.2.3", "1,000.5", "--1", "NaN", "Infinity", "0x10", "1e",
    "1001", "-1e9", "1e999"]) {
    assert.ok("problem" in readNumber(typed), typed);
  }
});

test("a number that is written can be read again, to four digits", () => {
  for (const value of [0, 0.312345, -1.25, 999.96, 1.5e-7, -0.00001234]) {
    const reading = readNumber(writeNumber(value));
    assert.ok("value" in reading);
    assert.ok(Math.abs(reading.value - value) <= Math.abs(value) * 6e-4);
  }
});

test("the slider has room on both sides of the number, and never more than is allowed", () => {
  for (const value of [0, 0.3, -1.5, 1.6, 4, -40, 149, 600, MOST, 5000]) {
    const reach = reachFor(value);
    assert.ok(reach <= MOST);
    assert.ok(reach >= Math.min(MOST, 2 * Math.abs(value)));
  }
});

test("the large field is that of the unit, in the colours of its kind", () => {
  const pictures = { count: 2, width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4) };
  const scene = { units: pictures, inputs: pictures, outputs: pictures };
  const output = new Uint32Array(256);
  const shares = [new Uint32Array(256), new Uint32Array(256)];
  const palette = { output, shares };
  const unit = focusedField({ of: "unit", picture: 1, name: "" }, scene, palette);
  assert.deepEqual([...(unit?.field.data ?? [])], [3, 4]);
  assert.equal(unit?.table, output);
  const share = focusedField({ of: "output", picture: 1, name: "" }, scene, palette);
  assert.equal(share?.table, shares[1]);
  // A single output has no picture of its own: the plane shows it.
  const single = { ...scene, outputs: { ...pictures, count: 0 } };
  assert.equal(focusedField({ of: "output", picture: 0, name: "" }, single, palette), null);
});
