import assert from "node:assert/strict";
import { test } from "node:test";
import { curvePaths, labelOf, layerWords, percent } from "../../nbtutor/frontend/src/layer_settings";

const CHOICES = [
  { name: "tanh", label: "tanh", curve: [-1, 0, 1] },
  { name: "relu", label: "ReLU", curve: [0, 0, 3] },
];

test("a layer's button says what may be seen of it", () => {
  const setting = { activation: "relu", dropout: 0.15 };
  const both = ["activation", "dropout"];
  assert.equal(layerWords(2, setting, CHOICES, both), "Hidden 2: ReLU, dropout 15 %");
  assert.equal(layerWords(2, setting, CHOICES, ["activation"]), "Hidden 2: ReLU");
  assert.equal(layerWords(1, setting, CHOICES, ["dropout"]), "Hidden 1: dropout 15 %");
});

test("an activation without a label is called by its name", () => {
  assert.equal(labelOf("relu", CHOICES), "ReLU");
  assert.equal(labelOf("swish", CHOICES), "swish");
});

test("shares are told in percent without rounding errors", () => {
  assert.deepEqual([0, 0.3, 0.29, 0.125, 0.9].map(percent), [
    "0 %", "30 %", "29 %", "12.5 %", "90 %",
  ]);
});

test("a curve is drawn between its lowest and highest value, and at least from -1 to 1", () => {
  // ReLU from -1 to 3: zero lies at three quarters of the height.
  assert.deepEqual(curvePaths([0, 0, 3], 10, 8), {
    axes: "M0,6H10M5,0V8",
    curve: "M0,6L5,6L10,0",
  });
  assert.equal(curvePaths([0.25, 0.5, 0.75], 10, 8).curve, "M0,3L5,2L10,1");
  assert.equal(curvePaths([-1, 0, 1], 10, 8).curve, "M0,8L5,4L10,0");
});

test("without a curve only the axes are drawn", () => {
  assert.equal(curvePaths([], 10, 8).curve, "");
});
