import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeChart, type Chart } from "../../nbtutor/frontend/src/chart";
import { fitAxis, spreadAll, stops } from "../../nbtutor/frontend/src/chart_layout";
import { keepIn, type Store } from "../../nbtutor/frontend/src/journal";
import { decodeBeat, ProtocolError } from "../../nbtutor/frontend/src/protocol";

const floats = (...values: number[]): DataView => {
  // As it arrives: somewhere inside a larger buffer.
  const bytes = new Uint8Array(1 + 4 * values.length);
  bytes.set(new Uint8Array(new Float32Array(values).buffer), 1);
  return new DataView(bytes.buffer, 1);
};
const axis = { label: "x", scale: "linear", limits: null, ticks: null };
const line = {
  kind: "line", name: "a", colour: "text", dash: "solid", named: true, faint: false,
  arrays: [floats(0, 1, 2), floats(5, Number.NaN, 7)],
};
const points = {
  kind: "points", name: "b", colour: "class-1", shape: "cross", hollow: false,
  arrays: [floats(1), floats(6)],
};
const field = {
  kind: "field", name: "f", palette: "size", extent: [0, 1, -1, 1], shape: [1, 2, 3],
  arrays: [new DataView(Uint8Array.of(1, 2, 3, 4, 5, 6).buffer)],
};
const chart = (marks: unknown[], changes: object = {}): Record<string, unknown> => ({
  title: "t", sentence: "s", square: false, x: axis, y: { ...axis, label: "y" }, marks, ...changes,
});
const decoded = (marks: unknown[], changes: object = {}): Chart => decodeChart(chart(marks, changes));

test("a chart is decoded with its numbers", () => {
  const { marks, title, x } = decoded([line, points, field]);
  assert.deepEqual([title, x], ["t", { label: "x", log: false, limits: null, ticks: null }]);
  const [first, second, third] = marks;
  assert.ok(first?.kind === "line" && second?.kind === "points" && third?.kind === "field");
  assert.deepEqual([...first.x], [0, 1, 2]);
  assert.equal(second.shape, 4);
  assert.deepEqual([...third.pictures.data], [1, 2, 3, 4, 5, 6]);
  assert.deepEqual([third.pictures.height, third.pictures.width], [2, 3]);
});

test("a chart that is not in order is refused", () => {
  const bad: unknown[] = [
    null, {}, chart("x" as unknown as unknown[]), chart([null]), chart([{ kind: "pie" }]),
    chart([{ ...line, arrays: [floats(1)] }]), chart([{ ...line, arrays: [floats(1), floats(1, 2)] }]),
    chart([{ ...line, dash: "wavy" }]), chart([{ ...line, colour: "red" }]),
    chart([{ ...line, named: 1 }]), chart([{ ...line, arrays: [new DataView(new ArrayBuffer(3)), floats()] }]),
    chart([{ ...points, shape: "star" }]), chart([{ ...field, shape: [1, 2, 2] }]),
    chart([{ ...field, shape: [2, 3] }]), chart([{ ...field, extent: [0, 1, 2] }]),
    chart([{ ...field, arrays: [] }]),
    chart([{ kind: "rule", label: "r", at: null, axis: "x", colour: "text", dash: "solid", arrays: [] }]),
    chart([], { x: { ...axis, limits: [0] } }), chart([], { x: { ...axis, scale: "sqrt" } }),
    chart([], { y: { ...axis, ticks: [["a", 1]] } }), chart([], { square: "yes" }),
  ];
  for (const value of bad) assert.throws(() => decodeChart(value), ProtocolError, JSON.stringify(value));
});

test("what can be read goes from left to right and has numbers only", () => {
  const found = stops(decoded([{ ...line, faint: false }, points, { ...line, faint: true }]).marks);
  assert.deepEqual(found.map(({ name, x, y, point }) => [name, x, y, point]), [
    ["a", 0, 5, 0], ["b", 1, 6, 0], ["a", 2, 7, 2],
  ]);
});

test("an axis fits what is drawn, or is as it was told to be", () => {
  const told = { ...axis, limits: [-3, 9] };
  assert.deepEqual(fitAxis(decoded([line], { x: told }), "x"), [-3, 9]);
  assert.deepEqual(fitAxis(decoded([line]), "x"), [0, 2]);
  assert.deepEqual(fitAxis(decoded([line, points]), "y"), [5, 7]);
  const high = { ...line, arrays: [floats(0, 1), floats(2, 9.7)] };
  assert.deepEqual(fitAxis(decoded([high]), "y"), [0, 10], "sizes start at 0");
  const log = { ...axis, scale: "log" };
  const decades = { ...line, arrays: [floats(0, 0.02, 0.5), floats(-1, 0.02, 50)] };
  assert.deepEqual(fitAxis(decoded([decades], { x: log }), "x").map((v) => +v.toFixed(3)), [0.02, 0.5]);
  assert.deepEqual(fitAxis(decoded([decades], { y: log }), "y").map((v) => +v.toFixed(3)), [0.01, 100]);
  assert.deepEqual(fitAxis(decoded([]), "x"), [0, 1]);
  assert.deepEqual(fitAxis(decoded([], { y: log }), "y"), [0.1, 1]);
  assert.deepEqual(fitAxis(decoded([field]), "y"), [-1, 1], "a plane has its own ends");
});

test("names keep their order and their distance", () => {
  assert.deepEqual(spreadAll([], 10, 0, 100), []);
  assert.deepEqual(spreadAll([20, 50], 10, 0, 100), [20, 50]);
  assert.deepEqual(spreadAll([50, 50], 10, 0, 100), [45, 55]);
  assert.deepEqual(spreadAll([2, 0, 1], 10, 0, 100), [20, 0, 10]);
  assert.deepEqual(spreadAll([99, 98], 10, 0, 100), [100, 90]);
  for (let round = 0; round < 200; round += 1) {
    const heights = Array.from({ length: 1 + (round % 6) }, (_, k) => (37 * round + 61 * k * k) % 100);
    const placed = spreadAll(heights, 10, 0, 100);
    const sorted = [...placed].sort((a, b) => a - b);
    sorted.forEach((at, k) => assert.ok(k === 0 || at - (sorted[k - 1] ?? 0) >= 10 - 1e-9));
    assert.ok((sorted[0] ?? 0) >= -1e-9 && (sorted.at(-1) ?? 0) <= 100 + 1e-9);
    heights.forEach((a, i) => heights.forEach((b, j) => {
      if (a < b) assert.ok((placed[i] ?? 0) < (placed[j] ?? 0));
    }));
  }
});

test("a beat is read, and nothing else", () => {
  assert.deepEqual(decodeBeat({ type: "beat", seq: 3, took_ms: 1.5 }), { kind: "beat", seq: 3, tookMs: 1.5 });
  assert.deepEqual(decodeBeat({ type: "error", message: "no" }), { kind: "error", message: "no" });
  for (const bad of [null, {}, { type: "beat", seq: -1, took_ms: 1 }, { type: "beat", seq: 1 }]) {
    assert.throws(() => decodeBeat(bad), ProtocolError);
  }
});

class FakeStore implements Store {
  readonly kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

test("the journal keeps each exercise once, by lesson, until it is cleared", () => {
  const store = new FakeStore();
  keepIn(store).add("one", "a");
  keepIn(store).add("one", "a");
  keepIn(store).add("one", "b");
  keepIn(store).add("two", "c");
  assert.deepEqual(keepIn(store).done("one"), ["a", "b"]);
  keepIn(store).clear("one");
  assert.deepEqual([keepIn(store).done("one"), keepIn(store).done("two")], [[], ["c"]]);
});

test("a journal that is broken, full or forbidden does no harm", () => {
  const store = new FakeStore();
  for (const nonsense of ["{", "3", '{"a":1}', "null"]) {
    store.kept.set("nbtutor:done:one", nonsense);
    assert.deepEqual(keepIn(store).done("one"), []);
  }
  store.kept.set("nbtutor:done:one", '["a", 3]');
  assert.deepEqual(keepIn(store).done("one"), ["a"]);
  const closed = (): never => {
    throw new Error("not allowed");
  };
  for (const none of [null, { getItem: closed, setItem: closed, removeItem: closed }]) {
    const journal = keepIn(none);
    journal.add("one", "a");
    assert.deepEqual(journal.done("one"), ["a"], "it lasts as long as the page");
    journal.clear("one");
    assert.deepEqual(journal.done("one"), []);
  }
});
