import assert from "node:assert/strict";
import { test } from "node:test";
import { DASHES, extentOf, keptAfter } from "../../nbtutor/frontend/src/kept";
import { placeFree, type Box } from "../../nbtutor/frontend/src/labels";
import { formatSeconds } from "../../nbtutor/frontend/src/numbers";
import { decodeMessage, type Frame } from "../../nbtutor/frontend/src/protocol";
import { epochLimit, lossLimits } from "../../nbtutor/frontend/src/ranges";
import { describeRun } from "../../nbtutor/frontend/src/run_list";
import { ACCURACY, Curve, LOSS, ROW } from "../../nbtutor/frontend/src/curve";
import { advance, structureOf } from "../../nbtutor/frontend/src/scene";
import {
  Asker, epochOf, lastKept, nearestStop, stopAfterKey, type Stop,
} from "../../nbtutor/frontend/src/scrub";
import { fullFrame, message, partFrame, type Message } from "./frames";

function run(number: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    number, name: `rate ${number}`, epoch: 2, updates: 50, seconds: 0.5, train_loss: 0.25,
    validation_loss: 0.5, comparable: true, difference: "The same settings.", ...more,
  };
}

function decode({ header, buffers }: Message): Frame {
  const incoming = decodeMessage(header, buffers);
  if (incoming.kind !== "frame") throw new Error(`a ${incoming.kind} came`);
  return incoming.frame;
}

/** A full frame with the curves of these runs, `rows` rows each: epochs 0, 1 ... */
function withRuns(seq: number, runs: Record<string, unknown>[], rows = 2): Frame {
  const numbers = runs.flatMap((_, k) =>
    Array.from({ length: rows }, (_, row) => [row, (k + 1) / 10, (k + 2) / 10, 0.5, 0.4 + k / 10]).flat(),
  );
  const full = fullFrame(seq, { runs: runs.map((one) => ({ ...one, rows })) });
  const extra = message({}, { saved: [[rows * runs.length, ROW], Float32Array.from(numbers)] });
  const arrays = { ...(full.header.arrays as object), saved: {
    dtype: "float32", shape: [rows * runs.length, ROW], buffer: full.buffers.length,
  } };
  return decode({ header: { ...full.header, arrays }, buffers: [...full.buffers, ...extra.buffers] });
}

function sceneOf(before: ReturnType<typeof advance> | null, frame: Frame) {
  const structure = structureOf(before, frame);
  if (structure === null) throw new Error("no structure");
  return advance(before, frame, structure);
}

test("the newest marks stay on the curves, as many as a full picture has", () => {
  const marks = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, k) => [from + k, `change ${from + k}`]);
  let scene = sceneOf(null, decode(fullFrame(0, { events: marks(0, 200) })));
  assert.equal(scene.events.length, 200);
  scene = sceneOf(scene, decode(partFrame(1)));
  assert.equal(scene.events.length, 200);
  scene = sceneOf(scene, decode(partFrame(2, { events: marks(200, 203) })));
  assert.equal(scene.events.length, 200);
  assert.deepEqual(
    [scene.events[0]?.label, scene.events.at(-1)?.label], ["change 3", "change 202"],
  );
});

test("the span and the kept runs are read, and checked", () => {
  const frame = decode(partFrame(3, { span: { end: 7.4, every: 2, scrubbed: true }, seconds: 1.5 }));
  assert.deepEqual(frame.span, { end: 7.4, every: 2, scrubbed: true });
  assert.equal(frame.seconds, 1.5);
  assert.equal(frame.runs, null);
  assert.deepEqual(decode(partFrame(3, { runs: [run(4)] })).runs?.[0], {
    number: 4, name: "rate 4", epoch: 2, updates: 50, seconds: 0.5, trainLoss: 0.25,
    validationLoss: 0.5, comparable: true, difference: "The same settings.", rows: 0,
  });
  for (const wrong of [
    { span: undefined },
    { span: { end: -1, every: 1, scrubbed: false } },
    { span: { end: 1, every: 0, scrubbed: false } },
    { span: { end: 1, every: 1, scrubbed: 1 } },
    { seconds: "1" },
    { runs: {} },
    { runs: [run(1, { name: 3 })] },
    { runs: [run(0)] },
    { runs: [run(1, { train_loss: "low" })] },
    { runs: [run(1, { comparable: null })] },
  ]) {
    assert.throws(() => decode(partFrame(3, wrong)), /refused/, JSON.stringify(wrong));
  }
});

test("curves of kept runs come with full frames, and stay when words alone come", () => {
  const first = sceneOf(null, withRuns(1, [run(1), run(2)]));
  assert.deepEqual(first.kept.map(({ curve }) => Array.from(curve)[ROW + 2]), [0.2, 0.3].map(Math.fround));
  const words = decode(partFrame(2, { runs: [run(1, { difference: "Other." }), run(2)] }));
  const second = sceneOf(first, words);
  assert.equal(second.kept[0]?.run.difference, "Other.");
  assert.equal(second.kept[0]?.curve, first.kept[0]?.curve);
  assert.equal(sceneOf(second, decode(partFrame(3))).kept, second.kept);
  assert.deepEqual(sceneOf(second, withRuns(4, [])).kept, []);
});

test("a run keeps its dashes while others come and go", () => {
  const dashes = (kept: ReturnType<typeof keptAfter>) => kept.map(({ dash }) => dash);
  let kept = keptAfter([], withRuns(1, [run(1), run(2), run(3)]));
  assert.deepEqual(dashes(kept), [0, 1, 2]);
  kept = keptAfter(kept, withRuns(2, [run(2), run(3)]));
  assert.deepEqual(dashes(kept), [1, 2]);
  kept = keptAfter(kept, withRuns(3, [run(2), run(4), run(3), run(5)]));
  assert.deepEqual(dashes(kept), [1, 0, 2, 3]);
  const patterns = new Set(DASHES.map((dash) => dash.join()));
  assert.equal(patterns.size, 6, "six runs may be kept");
});

test("curves that do not add up are refused", () => {
  const frame = withRuns(1, [run(1)]);
  const wrong = { ...frame, runs: (frame.runs ?? []).map((one) => ({ ...one, rows: 3 })) };
  assert.throws(() => keptAfter([], wrong), /rows of kept curves/);
});

test("axes reach over the kept runs, but not over those of another loss", () => {
  const kept = keptAfter([], withRuns(1, [run(1), run(2)], 201));
  const extent = extentOf(kept, LOSS);
  assert.equal(extent.last, 200);
  assert.ok(Math.abs(extent.low - 0.2) < 1e-6);
  assert.ok(Math.abs(extent.high - 0.3) < 1e-6);
  const own = new Curve(Float32Array.of(0, 0.05, 0.04, 0.5, 0.5, 10, 0.03, 0.02, 1, 1));
  assert.equal(epochLimit(own, 0), 10);
  assert.equal(epochLimit(own, 0, extent.last), 200);
  assert.ok(lossLimits(own, false)[1] < 0.1);
  assert.ok(lossLimits(own, false, extent)[1] >= 0.3);
  const shares = extentOf(kept, ACCURACY);
  assert.ok(Math.abs(shares.low - 0.4) < 1e-6 && Math.abs(shares.high - 0.5) < 1e-6);
  const others = keptAfter([], withRuns(1, [run(1, { comparable: false })], 201));
  assert.deepEqual(extentOf(others, LOSS), { last: 0, low: Infinity, high: 0 });
});

test("the stops of the scrubber are the kept epochs and the end", () => {
  const span = { end: 10.5, every: 4, scrubbed: false };
  assert.equal(lastKept(span), 8);
  assert.deepEqual(
    [0, 1.9, 2.1, 5, 7, 9.2, 9.3, 10.5].map((value) => nearestStop(value, span)),
    [0, 0, 4, 4, 8, 8, "end", "end"],
  );
  assert.equal(nearestStop(8, { ...span, end: 8 }), "end");
  assert.equal(nearestStop(0, { ...span, end: 0 }), "end");
  assert.equal(epochOf("end", span), 10.5);
});

test("keys go from stop to stop", () => {
  const span = { end: 10.5, every: 4, scrubbed: false };
  const go = (from: Stop, ...keys: string[]): Stop | null =>
    keys.reduce<Stop | null>((at, key) => (at === null ? null : stopAfterKey(key, at, span)), from);
  assert.equal(go("end", "ArrowLeft"), 8);
  assert.equal(go("end", "ArrowLeft", "ArrowDown"), 4);
  assert.equal(go(0, "ArrowLeft"), 0);
  assert.equal(go(4, "ArrowRight", "ArrowUp"), "end");
  assert.equal(go("end", "ArrowRight"), "end");
  assert.equal(go(4, "Home"), 0);
  assert.equal(go(4, "End"), "end");
  assert.equal(go(4, "Tab"), null);
  // Where the last kept epoch is the end, it counts once.
  assert.equal(stopAfterKey("ArrowLeft", "end", { ...span, end: 8 }), 4);
  assert.equal(stopAfterKey("ArrowRight", 4, { ...span, end: 8 }), "end");
  const long = { end: 100, every: 1, scrubbed: false };
  assert.equal(stopAfterKey("PageDown", "end", long), 90);
  assert.equal(stopAfterKey("PageUp", 85, long), 95);
});

test("one wish at a time is asked for, and the newest one waits for the answer", () => {
  let now = 0;
  const sent: [Stop, boolean][] = [];
  const asker = new Asker(() => now, (stop, done) => sent.push([stop, done]));
  asker.step(7);
  assert.deepEqual(sent, []);
  asker.want(40, false);
  asker.step(7);
  for (const stop of [39, 38, 37]) asker.want(stop, false);
  asker.want(37, true);
  asker.step(7);
  assert.deepEqual(sent, [[40, false]]);
  assert.equal(asker.open, 37);
  asker.step(8);
  assert.deepEqual(sent, [[40, false], [37, true]]);
  assert.equal(asker.open, 37);
  asker.step(9);
  assert.equal(asker.open, null);
  // An answer that never comes, because the wish was refused, does not block it for good.
  asker.want("end", true);
  asker.step(9);
  now = 500;
  asker.step(9);
  assert.equal(asker.open, "end");
  now = 1500;
  asker.step(9);
  assert.equal(asker.open, null);
});

test("a name moves as little as it must to lie over no other", () => {
  const box = (top: number, left = 0): Box => ({ left, right: left + 50, top, bottom: top + 10 });
  assert.deepEqual(placeFree(box(20), [], 0, 100), box(20));
  assert.deepEqual(placeFree(box(20), [box(26)], 0, 100), box(16));
  assert.deepEqual(placeFree(box(20), [box(18)], 0, 100), box(28));
  assert.deepEqual(placeFree(box(20), [box(18, 60)], 0, 100), box(20), "beside it");
  assert.deepEqual(placeFree(box(95), [], 0, 100), box(90));
  assert.deepEqual(placeFree(box(2), [box(3), box(12)], 0, 100), box(22));
  assert.equal(placeFree(box(2), [box(3)], 0, 15), null);
});

test("what a run came to and what it has cost", () => {
  const [one] = decode(partFrame(1, { runs: [run(1, { epoch: 1200, updates: 30000, seconds: 12.34 })] }))
    .runs ?? [];
  if (one === undefined) throw new Error("no run");
  assert.equal(
    describeRun(one),
    "training loss 0.250, validation loss 0.500 after epoch 1,200: 30,000 updates in 12.3 s",
  );
  assert.equal(
    describeRun({ ...one, validationLoss: null, trainLoss: null, updates: 0 }),
    "training loss – after epoch 1,200: 0 updates in 12.3 s",
  );
  assert.deepEqual([0, 0.123, 1.26, 123.4].map(formatSeconds), ["0.00 s", "0.12 s", "1.3 s", "123 s"]);
});
