import assert from "node:assert/strict";
import { test } from "node:test";
import { Contest, type Place } from "../../nbtutor/frontend/src/contest";

class At implements Place {
  constructor(readonly line: number) {}

  compareDocumentPosition(other: At): number {
    return other.line > this.line ? 4 : 2;
  }
}

function setUp() {
  const waiting: (() => void)[] = [];
  const contest = new Contest((callback) => waiting.push(callback));
  const winners: number[] = [];
  const enter = (line: number) => {
    const controller = new AbortController();
    const seat = contest.enter(controller.signal);
    return { controller, stand: () => seat.stand(new At(line), () => winners.push(line)) };
  };
  const settle = (): void => waiting.splice(0).forEach((callback) => callback());
  return { enter, settle, winners, waiting };
}

test("one that is alone wins at once", () => {
  const { enter, winners, waiting } = setUp();
  enter(1).stand();
  assert.deepEqual([winners, waiting], [[1], []]);
});

test("of several that are seen together the first in the document wins, whoever stood first", () => {
  const { enter, settle, winners } = setUp();
  const all = [3, 1, 2].map(enter);
  for (const each of all) each.stand();
  all[0]?.stand();
  assert.deepEqual(winners, []);
  settle();
  assert.deepEqual(winners, [1]);
});

test("one that is seen later wins only when the winner is gone", () => {
  const { enter, settle, winners } = setUp();
  const [first, second, third] = [enter(1), enter(2), enter(3)];
  second.stand();
  settle();
  first.stand();
  settle();
  assert.deepEqual(winners, [2]);
  second.controller.abort();
  third.stand();
  settle();
  assert.deepEqual(winners, [2, 3]);
});

test("one that was closed while the others were waited for does not win", () => {
  const { enter, settle, winners } = setUp();
  const [first, second] = [enter(1), enter(2)];
  first.stand();
  second.stand();
  first.controller.abort();
  settle();
  assert.deepEqual(winners, [2]);
});
