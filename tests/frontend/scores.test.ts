import assert from "node:assert/strict";
import { test } from "node:test";
import { accuracy, classCells, classShares, explained } from "../../nbtutor/frontend/src/scores";
import { formatRate } from "../../nbtutor/frontend/src/numbers";

test("each class has the share of its points that are right", () => {
  const confusion = [[3, 1, 0], [0, 0, 0], [2, 2, 4]];
  assert.deepEqual(classShares(confusion), [0.75, null, 0.5]);
  assert.equal(accuracy(confusion), 7 / 12);
  assert.equal(accuracy([[0, 0], [0, 0]]), null);
});

test("the cells of a table, row by row", () => {
  assert.deepEqual(
    classCells([[9, 1], [0, 0]]),
    ["9", "1", "90.0 %", "0", "0", "\u2013", "90.0 %"],
  );
});

test("R² has three decimals, or a dash where there is none", () => {
  assert.equal(explained(0.98765), "0.988");
  assert.equal(explained(-1.5), "\u22121.500");
  assert.equal(explained(null), "\u2013");
});

test("a learning rate has two digits of any size", () => {
  assert.equal(formatRate(0.0123), "0.012");
  assert.equal(formatRate(10), "10");
  assert.equal(formatRate(0.00002345), "2.3e\u22125");
  assert.equal(formatRate(0), "0");
});
