import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatSize, layerCells, layerName, parametersPart, sizeWords, splitSentence,
} from "../../nbtutor/frontend/src/layers";

test("sizes have two digits over many powers of ten", () => {
  const shown: readonly [number | null, string][] = [
    [0, "0"], [0.0312, "0.031"], [0.3, "0.30"], [2.14, "2.1"], [34.2, "34"], [99.4, "99"],
    [0.00031, "3.1e\u22124"], [0.0099, "9.9e\u22123"], [123, "1.2e2"], [3.5e35, "3.5e35"],
    [null, "\u2013"], [Number.NaN, "\u2013"], [Number.POSITIVE_INFINITY, "\u2013"],
  ];
  for (const [size, text] of shown) assert.equal(formatSize(size), text);
});

test("a layer's row, and what is not defined for the output", () => {
  assert.deepEqual(
    layerCells({
      units: 8, gradient: 0.05, updateRatio: 0.001, dead: 2, saturated: 0.284, sign: "dead units",
    }),
    ["0.050", "1.0e\u22123", "2 of 8", "28 %", "dead units"],
  );
  assert.deepEqual(
    layerCells({
      units: 1, gradient: 0.5, updateRatio: null, dead: null, saturated: null, sign: "",
    }),
    ["0.50", "\u2013", "\u2013", "\u2013", ""],
  );
});

test("layers have names, the last is the output", () => {
  assert.deepEqual([0, 1, 2].map((k) => layerName(k, 3)), ["Hidden 1", "Hidden 2", "Output"]);
  assert.equal(layerName(0, 1), "Output");
});

test("parameters against samples", () => {
  assert.equal(sizeWords(57, 250), "57 parameters, 250 training points");
  assert.equal(sizeWords(21_057, 1), "21,057 parameters, 1 training point");
  assert.equal(parametersPart(50, 150), 25);
  assert.equal(parametersPart(100, 100), 50);
});

test("the word before the colon stands out", () => {
  assert.deepEqual(splitSentence("Overfitting: a gap of 0.2."), ["Overfitting:", " a gap of 0.2."]);
  assert.deepEqual(splitSentence("Not trained yet."), ["", "Not trained yet."]);
});
