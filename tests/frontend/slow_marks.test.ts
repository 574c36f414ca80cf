import assert from "node:assert/strict";
import { test } from "node:test";
import { layOutNetwork } from "../../nbtutor/frontend/src/network_layout";
import { decodeMessage, ProtocolError, type Stage } from "../../nbtutor/frontend/src/protocol";
import { stageLinks, stageUnits } from "../../nbtutor/frontend/src/slow_marks";
import { fullFrame, partFrame } from "./frames";

const SENT = {
  serial: 7, number: 2, count: 7, name: "forward", title: "Forward, hidden 1",
  sentence: "Each unit weighs what it receives.",
  formulas: [["z = \u03a3 w x + b", "1 \u00d7 2 + 3", "5"], ["target", "", "t = 1"]],
  layer: 1, unit: 2, links: "in",
  choices: [[1, 0, "hidden 1, unit 1"], [1, 2, "hidden 1, unit 3"]],
  point: 1, batch: 2, marked: [[1, -2], [0.5, 0]], playing: false,
};

function decode(stage: unknown): Stage | null {
  const { header, buffers } = fullFrame(1, { stage });
  const incoming = decodeMessage(header, buffers);
  assert.ok(incoming.kind === "frame");
  return incoming.frame.stage;
}

test("a stage is decoded, and there is none while slow motion is off", () => {
  const stage = decode(SENT);
  assert.equal(stage?.name, "forward");
  assert.deepEqual(stage?.formulas[0], {
    symbols: "z = \u03a3 w x + b", numbers: "1 \u00d7 2 + 3", result: "5",
  });
  assert.deepEqual(stage?.choices[1], { layer: 1, unit: 2, name: "hidden 1, unit 3" });
  assert.deepEqual(stage?.marked, [[1, -2], [0.5, 0]]);
  assert.equal(decode(null), null);
  const { header, buffers } = partFrame(2);
  const incoming = decodeMessage(header, buffers);
  assert.equal(incoming.kind === "frame" ? incoming.frame.stage : 0, null);
});

test("a stage that is not sound is refused", () => {
  const broken: readonly Record<string, unknown>[] = [
    { number: 8 }, { number: 0 }, { name: "sideways" }, { links: "up" }, { point: 2 },
    { formulas: "z" }, { formulas: [[1]] }, { choices: [3] }, { choices: [[0, 0, "x"]] },
    { marked: [[1]] }, { marked: [["1", 2]] }, { playing: 1 }, { serial: -1 }, { title: null },
  ];
  for (const fields of broken) {
    assert.throws(() => decode({ ...SENT, ...fields }), ProtocolError, JSON.stringify(fields));
  }
  assert.throws(() => decode([]), ProtocolError);
});

const LAYOUT = layOutNetwork([2, 3, 1], [2, 3, 1], {
  width: 400, height: 300, top: 0, bottom: 0, left: 0, right: 0, largestUnit: 40,
});

function ends(stage: Stage): string[] {
  return stageLinks(LAYOUT, stage).map((index) => {
    const link = LAYOUT.links[index];
    return `${link?.from.layer}.${link?.from.index}-${link?.to.layer}.${link?.to.index}`;
  });
}

test("the links of a stage are those into its unit, or out of it, or none", () => {
  const stage = decode(SENT);
  assert.ok(stage !== null);
  assert.deepEqual(ends(stage), ["0.0-1.2", "0.1-1.2"]);
  assert.deepEqual(ends({ ...stage, links: "out" }), ["1.2-2.0"]);
  assert.deepEqual(ends({ ...stage, links: "" }), []);
  // A unit that exists but is not drawn has no links to mark.
  assert.deepEqual(ends({ ...stage, unit: 40 }), []);
});

test("the units of a stage are its layer's, one of them chosen", () => {
  const stage = decode(SENT);
  assert.ok(stage !== null);
  assert.deepEqual(stageUnits(LAYOUT, stage).map(({ chosen }) => chosen), [false, false, true]);
  const all = stageUnits(LAYOUT, { ...stage, layer: 0, unit: -1 });
  assert.deepEqual(all.map(({ unit, chosen }) => [unit.layer, chosen]), [[0, false], [0, false]]);
});
