import assert from "node:assert/strict";
import { test } from "node:test";
import { discreteByte, discreteColours } from "../../nbtutor/frontend/src/display";

test("in steps, each answer has one byte", () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  for (const kind of ["probability", "value"] as const) {
    assert.deepEqual([...new Set(bytes.map((byte) => discreteByte(kind, byte)))], [0, 255]);
    assert.equal(discreteByte(kind, 127), 0);
    assert.equal(discreteByte(kind, 128), 255);
  }
  // Three classes at 32 bytes each: whatever the lead, the colour is that of a certain one.
  assert.deepEqual([0, 31, 32, 40, 64, 95].map((b) => discreteByte("winner", b)), [31, 31, 63, 63, 95, 95]);
});

test("the colours are those of the answers", () => {
  const colours = Uint32Array.from({ length: 256 }, (_, byte) => 1000 + byte);
  assert.deepEqual([...new Set(discreteColours("probability", colours))], [1000, 1255]);
  assert.equal(discreteColours("winner", colours)[70], 1095);
});
