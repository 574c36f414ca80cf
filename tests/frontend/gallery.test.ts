import assert from "node:assert/strict";
import { test } from "node:test";
import { parseExamples, parseSweep, ProtocolError } from "../../nbtutor/frontend/src/protocol";
import { meaning, SHORTCUTS, type Pressed } from "../../nbtutor/frontend/src/shortcuts";
import { formatRate, listRates, lossRange, nearest } from "../../nbtutor/frontend/src/sweep";

const SENT = {
  state: "done",
  portions: 4,
  done: 50,
  total: 50,
  start: 0.7,
  present: 0.03,
  fits: true,
  rates: [0.001, 0.003, 0.01, 0.1, 0.3, 1, 3, 10],
  losses: [0.69, 0.68, 0.6, 0.1, 0.3, 0.11, 0.9, null],
  outcomes: ["slow", "slow", "slow", "converged", "too high", "converged", "diverged", "diverged"],
};

const sweep = () => {
  const parsed = parseSweep(SENT);
  assert.ok(parsed !== null);
  return parsed;
};

test("rates are listed by outcome, neighbours by their ends", () => {
  assert.equal(listRates(sweep(), "slow"), "0.001 to 0.01");
  assert.equal(listRates(sweep(), "converged"), "0.1, 1");
  assert.equal(listRates(sweep(), "too high"), "0.3");
  assert.equal(listRates(sweep(), "diverged"), "3, 10");
  assert.equal(listRates({ ...sweep(), outcomes: [] }, "slow"), "");
});

test("rates are written as the slider writes them", () => {
  assert.deepEqual([1e-4, 0.03, 1, 10, 0.12345].map(formatRate), ["0.0001", "0.03", "1", "10", "0.123"]);
});

test("the loss axis holds the start, and cuts what is far above it", () => {
  const [low, high] = lossRange(sweep());
  assert.ok(low < 0.1 && high > 0.9);
  const [, cut] = lossRange({ ...sweep(), losses: SENT.losses.map((loss) => loss && loss * 1e6) });
  assert.ok(cut < 4 * 0.7 * 1.5);
  const [least, most] = lossRange({ ...sweep(), start: 0, losses: SENT.losses.map(() => null) });
  assert.ok(least > 0 && most > least);
});

test("the nearest place", () => {
  assert.deepEqual([-5, 4, 6, 99].map((at) => nearest([0, 5, 10], at)), [0, 1, 1, 2]);
  assert.equal(nearest([], 1), -1);
});

test("a sweep that does not hang together is refused", () => {
  assert.equal(parseSweep({}), null);
  assert.equal(parseSweep(undefined), null);
  for (const wrong of [
    { state: "odd" },
    { rates: [] },
    { rates: 3 },
    { losses: [1] },
    { outcomes: ["slow"] },
    { outcomes: SENT.outcomes.map(() => "odd") },
    { done: 51 },
    { present: -1 },
    { fits: 1 },
    { losses: SENT.losses.map(() => "1") },
  ]) {
    assert.throws(() => parseSweep({ ...SENT, ...wrong }), ProtocolError, JSON.stringify(wrong));
  }
});

test("examples are read, and refused where a kind is unknown", () => {
  const row = ["xor", "XOR", "fails", "No line parts it."];
  assert.deepEqual(parseExamples([row]), [
    { name: "xor", title: "XOR", kind: "fails", sentence: "No line parts it." },
  ]);
  assert.throws(() => parseExamples([["xor", "XOR", "sings", "No."]]), ProtocolError);
  assert.throws(() => parseExamples({}), ProtocolError);
});

/** An element that matches what `kinds` name among the parts of a selector. */
const at = (...kinds: string[]) => ({
  closest: (selector: string) =>
    selector.split(", ").some((part) => kinds.some((kind) => part.startsWith(kind))) ? {} : null,
});

const press = (key: string, more: Partial<Pressed> = {}): Pressed => ({
  key,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  isComposing: false,
  defaultPrevented: false,
  ...more,
});

test("every key of the list means its own", () => {
  for (const shortcut of SHORTCUTS) {
    for (const key of shortcut.keys) assert.equal(meaning(press(key), at()), shortcut, key);
  }
  const all = SHORTCUTS.flatMap(({ keys }) => keys);
  assert.equal(new Set(all).size, all.length);
  for (const key of ["d", "E", "Enter", "Escape", "Tab", "ArrowLeft"]) {
    assert.equal(meaning(press(key), at()), null, key);
  }
});

test("a key is left alone where it has a meaning already", () => {
  for (const kind of ["input", "select", "textarea", "[role=slider]", "dialog", ".nbt-popover"]) {
    assert.equal(meaning(press("r"), at(kind)), null, kind);
  }
  for (const more of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { isComposing: true },
    { defaultPrevented: true }]) {
    assert.equal(meaning(press("r", more), at()), null, JSON.stringify(more));
  }
  assert.equal(meaning(press(" "), at("button")), null);
  assert.equal(meaning(press("p"), at("button"))?.press, "play");
});
