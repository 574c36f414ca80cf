import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeMessage, ProtocolError, type Spread } from "../../nbtutor/frontend/src/protocol";
import { barWidths, describeReplicas, PARTS, partTexts } from "../../nbtutor/frontend/src/replicas";
import { advance, structureOf, type Scene } from "../../nbtutor/frontend/src/scene";
import { fullFrame, message, partFrame, type Message } from "./frames";

function spread(bias2: number, variance: number, noise: number, chance = 0.25): Spread {
  return { bias2, variance, noise, expectedError: bias2 + variance + noise, chance };
}

const TOLD = {
  count: 2, epoch: 7, behind: false, note: "",
  spread: { bias2: 0.01, variance: 0.02, noise: 0.03, expected_error: 0.06, chance: 0.25 },
};

function withLines(counts: readonly number[], pieces: number): Message {
  return message({ seq: 2, replicas: TOLD }, {
    replica_lines: [[pieces, 4], new Uint16Array(4 * pieces).fill(65_535)],
    replica_counts: [[counts.length], Uint16Array.from(counts)],
    replica_mean: [[2, 2], Uint8Array.of(0, 1, 2, 255)],
  });
}

function decoded({ header, buffers }: Message) {
  const incoming = decodeMessage(header, buffers);
  assert.ok(incoming.kind === "frame");
  return incoming.frame;
}

function after(scene: Scene | null, sent: Message): Scene {
  const frame = decoded(sent);
  const structure = structureOf(scene, frame);
  assert.ok(structure !== null);
  return advance(scene, frame, structure);
}

test("the parts that are shown add up to the sum that is shown", () => {
  const cases = [[0.0214, 0.0344, 0.1034], [0.0005, 0.0005, 0.0005], [0, 0, 0], [1.2346, 0, 0.4999]];
  for (let k = 0; k < 500; k += 1) cases.push([Math.random(), Math.random() / 10, Math.random() / 100]);
  for (const [bias2 = 0, variance = 0, noise = 0] of cases) {
    const given = spread(bias2, variance, noise);
    const texts = partTexts(given);
    const shown = PARTS.reduce((sum, part) => sum + Number(texts[part]), 0);
    assert.equal(shown.toFixed(3), texts.sum);
    assert.ok(Math.abs(Number(texts.sum) - given.expectedError) <= 0.000501);
    for (const part of PARTS) assert.ok(Math.abs(Number(texts[part]) - given[part]) < 0.001);
  }
});

test("numbers of a run that explodes stay short", () => {
  const texts = partTexts(spread(6.357e25, 1.9e26, 0));
  for (const text of Object.values(texts)) assert.ok(text.length <= 8, text);
});

test("the bar holds all parts, and marks what knowing nothing gives", () => {
  assert.deepEqual(barWidths(spread(0.05, 0.025, 0.05)), {
    bias2: 20, variance: 10, noise: 20, chance: 100,
  });
  assert.deepEqual(barWidths(spread(0.2, 0.25, 0.05)), {
    bias2: 40, variance: 50, noise: 10, chance: 50,
  });
  assert.deepEqual(barWidths(spread(0, 0, 0, 0)), { bias2: 0, variance: 0, noise: 0, chance: 0 });
});

test("the panel says everything in words", () => {
  const replicas = { count: 30, epoch: 12, behind: false, note: "", spread: spread(0.01, 0.02, 0.03) };
  assert.equal(
    describeReplicas(replicas),
    "30 replicas, each trained on a draw of the data of its own, at epoch 12. Expected squared error " +
    "0.060: bias squared 0.010, variance 0.020, noise 0.030. An answer that is the same everywhere has 0.250.",
  );
  const late = { ...replicas, count: 1, spread: null, note: "They catch up: epoch 12 of 40." };
  assert.match(describeReplicas(late), /^1 replica, .* Bias and variance: –\. They catch up/);
});

test("replicas and their picture are read from a frame", () => {
  const frame = decoded(withLines([2, 0, 1], 3));
  assert.deepEqual(frame.replicas, {
    count: 2, epoch: 7, behind: false, note: "", spread: spread(0.01, 0.02, 0.03),
  });
  assert.deepEqual([...(frame.replicaPicture?.counts ?? [])], [2, 0, 1]);
  assert.equal(frame.replicaPicture?.lines.length, 12);
  assert.equal(frame.replicaPicture?.lines[3], 65_535);
  assert.equal(frame.replicaPicture?.mean.data[3], 255);
  assert.equal(frame.replicaPicture?.spread, null);
  assert.equal(decoded(partFrame(1)).replicas, null);
  assert.equal(decoded(partFrame(1, { replicas: { ...TOLD, spread: null } })).replicas?.spread, null);
});

test("replicas that do not fit are refused", () => {
  assert.throws(() => decoded(withLines([2, 0, 2], 3)), ProtocolError);
  for (const wrong of [
    { ...TOLD, count: 0 }, { ...TOLD, epoch: -1 }, { ...TOLD, behind: 1 }, { ...TOLD, note: null },
    { ...TOLD, spread: { ...TOLD.spread, variance: null } }, { ...TOLD, spread: { ...TOLD.spread, noise: -1 } },
    "many",
  ]) assert.throws(() => decoded(partFrame(1, { replicas: wrong })), ProtocolError, JSON.stringify(wrong));
});

test("the picture stays until there is a newer one, and goes when they are off", () => {
  let scene = after(null, fullFrame(1, { replicas: TOLD }));
  assert.equal(scene.replicaPicture, null);
  scene = after(scene, withLines([1], 1));
  const first = scene.replicaPicture;
  assert.ok(first !== null);
  scene = after(scene, partFrame(3, { replicas: { ...TOLD, epoch: 8 } }));
  assert.equal(scene.replicaPicture, first);
  assert.equal(scene.replicas?.epoch, 8);
  scene = after(scene, partFrame(4, { replicas: null }));
  assert.equal(scene.replicaPicture, null);
  assert.equal(scene.replicas, null);
});
