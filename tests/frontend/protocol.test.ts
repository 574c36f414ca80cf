import assert from "node:assert/strict";
import { test } from "node:test";
import {
  actMessage,
  decodeMessage, decodeSnapshot, exportMessage, openMessage, parseActivations, parseFiles,
  parseLayers, parseModelReference, parseNames, parseViewName, ProtocolError, syncMessage,
  tickMessage, type Frame,
} from "../../nbtutor/frontend/src/protocol";
import { fullFrame, message, partFrame, type Message } from "./frames";

function decode({ header, buffers }: Message): Frame {
  const incoming = decodeMessage(header, buffers);
  assert.equal(incoming.kind, "frame");
  return (incoming as { frame: Frame }).frame;
}

function refused({ header, buffers }: Message, why: RegExp): void {
  assert.throws(() => decodeMessage(header, buffers), (error: Error) => {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.match(error.message, why);
    return true;
  });
}

test("a full frame is decoded with its structure", () => {
  const frame = decode(fullFrame(17));
  assert.equal(frame.seq, 17);
  assert.deepEqual(frame.structure, {
    layers: [2, 3, 1], shown: [2, 3, 1], inputs: ["x", "y"], domain: [-6, 6, -6, 6],
    kind: "probability", classes: 2, parameters: 13, trainingPoints: 1, own: false,
    classNames: [],
  });
  assert.equal(frame.validationAccuracy, null);
  assert.deepEqual([...(frame.points ?? [])], [1, 2, 0, 0, -1, -2, 1, 1]);
});

test("buffers that start inside a larger message are read from their own start", () => {
  const frame = decode(partFrame(1));
  assert.deepEqual([...(frame.plane?.data ?? [])], [0, 127, 128, 255]);
  assert.equal(frame.weights?.[12], 6);
  assert.ok(Number.isNaN(frame.curve?.[2]));
});

test("an aligned buffer is not copied", () => {
  const data = Float32Array.of(0, 1, 2, 3, 4);
  const { header } = message({}, { weights: [[4], data.subarray(1)] });
  const buffer = new DataView(data.buffer, 4, 16);
  const incoming = decodeMessage(header, [buffer]);
  assert.ok(incoming.kind === "frame");
  assert.equal(incoming.frame.weights?.buffer, data.buffer);
  assert.deepEqual([...(incoming.frame.weights ?? [])], [1, 2, 3, 4]);
});

test("a part frame has no structure even where one is sent along", () => {
  assert.equal(decode(partFrame(2, { layers: "nonsense" })).structure, null);
});

const LAYER = {
  units: 3, gradient: 0.1, update_ratio: 0.001, dead: 0, saturated: 0.5, sign: "vanishing",
};

test("a verdict and the layers' statistics are decoded", () => {
  const verdict = { kind: "good", sentence: "A good fit: ..." };
  const output = { ...LAYER, units: 1, update_ratio: null, dead: null, saturated: null, sign: "" };
  const frame = decode(partFrame(1, { verdict, statistics: [LAYER, output] }));
  assert.deepEqual(frame.verdict, verdict);
  assert.deepEqual(frame.statistics, [
    { units: 3, gradient: 0.1, updateRatio: 0.001, dead: 0, saturated: 0.5, sign: "vanishing" },
    { units: 1, gradient: 0.1, updateRatio: null, dead: null, saturated: null, sign: "" },
  ]);
  const nothing = decode(partFrame(2, { verdict: null, statistics: null }));
  assert.equal(nothing.verdict, null);
  assert.equal(nothing.statistics, null);
});

const wrong: readonly [string, Record<string, unknown>, RegExp][] = [
  ["seq missing", { seq: undefined }, /seq/],
  ["seq not whole", { seq: 1.5 }, /seq/],
  ["seq beyond what is exact", { seq: 2 ** 60 }, /seq/],
  ["unknown state", { state: "flying" }, /state is "flying"; it must be one of idle/],
  ["epoch not a number", { epoch: "1" }, /epoch/],
  ["loss not finite", { train_loss: Number.NaN }, /train_loss/],
  ["negative time", { took_ms: -1 }, /took_ms/],
  ["message not text", { message: 1 }, /message/],
  ["events not a list", { events: {} }, /events/],
  ["an event without a label", { events: [[1]] }, /label/],
  ["an event before the beginning", { events: [[-1, "reset"]] }, /epoch/],
  ["an event that is no pair", { events: [{ epoch: 1 }] }, /pairs/],
  ["no arrays", { arrays: null }, /arrays/],
  ["full not a flag", { full: 1 }, /full/],
  ["a verdict that is none", { verdict: "good" }, /verdict/],
  ["an unknown fit", { verdict: { kind: "perfect", sentence: "" } }, /verdict.kind is "perfect"/],
  ["a verdict without words", { verdict: { kind: "good" } }, /sentence/],
  ["statistics that are no list", { statistics: {} }, /statistics/],
  ["statistics of too many layers", { statistics: Array(65).fill(LAYER) }, /at most 64/],
  ["a layer of no units", { statistics: [{ ...LAYER, units: 0 }] }, /units/],
  ["a negative gradient", { statistics: [{ ...LAYER, gradient: -1 }] }, /gradient/],
  ["a ratio that is missing", { statistics: [{ ...LAYER, update_ratio: undefined }] }, /update_ratio/],
  ["more dead than there are", { statistics: [{ ...LAYER, dead: 4 }] }, /dead/],
  ["a share above one", { statistics: [{ ...LAYER, saturated: 1.1 }] }, /saturated/],
  ["an unknown sign", { statistics: [{ ...LAYER, sign: "fine" }] }, /sign/],
];
for (const [name, header, why] of wrong) {
  test(`a malformed frame is refused: ${name}`, () => refused(partFrame(1, header), why));
}

const wrongStructure: readonly [string, Record<string, unknown>, RegExp][] = [
  ["one layer", { layers: [2], shown: [2] }, /layers/],
  ["a layer of nothing", { layers: [2, 0, 1], shown: [2, 0, 1] }, /layers/],
  ["more drawn than there are", { shown: [2, 4, 1] }, /shown/],
  ["an empty domain", { domain: [6, 6, -6, 6] }, /domain/],
  ["a domain of three", { domain: [0, 1, 0] }, /domain/],
  ["inputs that are no names", { inputs: [1, 2] }, /inputs/],
  ["a kind of plane that is unknown", { kind: "colour" }, /kind/],
  ["no kind of plane", { kind: undefined }, /kind/],
];
for (const [name, header, why] of wrongStructure) {
  test(`a malformed structure is refused: ${name}`, () => refused(fullFrame(1, header), why));
}

test("an array must fit its buffer, its type and its number", () => {
  const plane = (description: unknown): Message =>
    partFrame(1, { arrays: { plane: description } });
  refused(plane({ dtype: "uint8", shape: [2, 3], buffer: 0 }), /4 bytes; its shape needs 6/);
  refused(plane({ dtype: "uint8", shape: [4], buffer: 0 }), /2 dimensions/);
  refused(plane({ dtype: "int8", shape: [2, 2], buffer: 0 }), /dtype/);
  refused(plane({ dtype: "float32", shape: [1, 1], buffer: 0 }), /must be uint8/);
  refused(plane({ dtype: "uint8", shape: [2, 2], buffer: 9 }), /buffer is 9/);
  refused(plane({ dtype: "uint8", shape: [2, -2], buffer: 0 }), /shape/);
  refused(plane({ dtype: "uint8", shape: [0, 0], buffer: 0 }), /needs 0/);
  refused(plane({ dtype: "uint8", shape: [2 ** 24, 2 ** 24], buffer: 0 }), /needs/);
});

test("messages that are no frames", () => {
  const complaint = decodeMessage({ type: "error", message: "no" }, []);
  assert.deepEqual(complaint, { kind: "error", message: "no" });
  assert.throws(() => decodeMessage({ type: "surprise" }, []), ProtocolError);
  assert.throws(() => decodeMessage("frame", []), ProtocolError);
  assert.throws(() => decodeMessage(null, []), ProtocolError);
});

test("a file has one buffer, which is copied out of the message", () => {
  const header = { type: "file", what: "png", name: "nbtutor-two.png", mime: "image/png" };
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const incoming = decodeMessage(header, [new DataView(bytes.buffer, 1, 2)]);
  assert.ok(incoming.kind === "file");
  assert.deepEqual({ ...incoming.file, bytes: [...incoming.file.bytes] }, {
    what: "png", name: "nbtutor-two.png", mime: "image/png", bytes: [2, 3],
  });
  const refusedFile = (change: object, buffers: DataView[], why: RegExp): void =>
    assert.throws(() => decodeMessage({ ...header, ...change }, buffers), why);
  const one = [new DataView(bytes.buffer)];
  refusedFile({}, [], /0 buffers/);
  refusedFile({}, [...one, ...one], /2 buffers/);
  refusedFile({ name: "../x" }, one, /name/);
  refusedFile({ mime: 3 }, one, /mime/);
  refusedFile({ what: undefined }, one, /what/);
});

test("lists of names and files are checked", () => {
  assert.deepEqual(parseFiles([["csv", "Run as CSV"]]), [["csv", "Run as CSV"]]);
  assert.throws(() => parseFiles({}), ProtocolError);
  assert.throws(() => parseFiles([["csv", 3]]), ProtocolError);
  assert.deepEqual(parseNames("hidden", ["link"]), ["link"]);
  assert.throws(() => parseNames("hidden", "link"), /hidden/);
});

test("the layers' settings and the activations are checked", () => {
  assert.deepEqual(parseLayers([["relu", 0.2], ["tanh", 0]]), [
    { activation: "relu", dropout: 0.2 },
    { activation: "tanh", dropout: 0 },
  ]);
  for (const wrong of [{}, [["relu"]], [["relu", "0.2"]], [["relu", 1.5]], [[3, 0.2]], ["relu"]]) {
    assert.throws(() => parseLayers(wrong), ProtocolError);
  }
  assert.throws(() => parseLayers(Array.from({ length: 99 }, () => ["relu", 0])), /64 layers/);
  assert.deepEqual(parseActivations([["relu", "ReLU", [0, 1]]]), [
    { name: "relu", label: "ReLU", curve: [0, 1] },
  ]);
  for (const wrong of ["relu", [["relu", "ReLU"]], [["relu", "ReLU", [1]]], [["r", 3, [0, 1]]],
    [["relu", "ReLU", [0, Number.NaN]]]]) {
    assert.throws(() => parseActivations(wrong), ProtocolError);
  }
});

test("a snapshot may be missing, and is checked like any frame", () => {
  assert.equal(decodeSnapshot({}), null);
  assert.equal(decodeSnapshot(null), null);
  assert.equal(decodeSnapshot(fullFrame(3))?.seq, 3);
  assert.throws(() => decodeSnapshot({ header: { seq: 3 }, buffers: [] }), ProtocolError);
  assert.throws(() => decodeSnapshot({ header: {}, buffers: null }), ProtocolError);
});

test("traits are checked", () => {
  assert.equal(parseModelReference("IPY_MODEL_abc"), "abc");
  assert.throws(() => parseModelReference("abc"), /IPY_MODEL_/);
  assert.equal(parseViewName("plane"), "plane");
  assert.throws(() => parseViewName("plan"), /status, plane, network, curves, verdict, replicas, share/);
});

test("what is sent has exactly the fields that the kernel takes", () => {
  assert.deepEqual(tickMessage({ seen: 3, window: 2, again: false }), {
    type: "tick", seen: 3, window: 2, again: false,
  });
  assert.deepEqual(syncMessage(), { type: "sync" });
  assert.deepEqual(openMessage("#nbt=1"), { type: "open", link: "#nbt=1" });
  assert.deepEqual(exportMessage("csv"), { type: "export", what: "csv" });
  assert.deepEqual(actMessage("paint", { size: 3 }), {
    type: "act", name: "paint", arguments: { size: 3 },
  });
});
