import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BUSY_AFTER_MS, Clock, LOST_AFTER_MS, type Link,
} from "../../nbtutor/frontend/src/clock";
import type { Tick } from "../../nbtutor/frontend/src/protocol";
import { FakeTime } from "./fake_time";

function setUp() {
  const time = new FakeTime();
  const ticks: Tick[] = [];
  const links: Link[] = [];
  const seen = { syncs: 0, paints: 0 };
  const clock = new Clock({
    now: time.now,
    requestFrame: time.requestFrame,
    cancelFrame: time.cancelFrame,
    setTimer: time.setTimer,
    clearTimer: time.clearTimer,
    sendTick: (tick) => ticks.push(tick),
    sendSync: () => (seen.syncs += 1),
    paint: () => (seen.paints += 1),
    linkChanged: (link) => links.push(link),
  });
  const arrive = (seq: number, full = false, tookMs = 2): boolean =>
    clock.arrived({ seq, full, tookMs });
  /** A page on which frame 0 has been painted, and which now plays. */
  const start = (): void => {
    clock.setVisible(true);
    arrive(0, true);
    time.paint();
    clock.setPlaying(true);
    time.paint();
  };
  return { time, ticks, links, seen, clock, arrive, start };
}

test("a tick follows the paint of each frame, one at a time", () => {
  const { time, ticks, seen, arrive, start } = setUp();
  start();
  assert.deepEqual(ticks, [{ seen: 0, window: 1, again: false }]);
  time.paint();
  assert.equal(ticks.length, 1, "none while a frame is on its way");
  assert.equal(arrive(1), true);
  assert.equal(ticks.length, 1, "none before it is painted");
  const painted = seen.paints;
  time.paint();
  assert.equal(seen.paints, painted + 1);
  assert.deepEqual(ticks.at(-1), { seen: 1, window: 1, again: false });
});

test("while a frame is on its way no animation frame waits", () => {
  const { time, start } = setUp();
  start();
  assert.equal(time.framesWaiting, 0);
});

test("a paused page has nothing waiting", () => {
  const { time, ticks, clock, arrive, start } = setUp();
  start();
  arrive(1);
  time.paint();
  clock.setPlaying(false);
  arrive(2);
  time.paint();
  const sent = ticks.length;
  time.pass(BUSY_AFTER_MS);
  assert.equal(time.waiting, 0);
  assert.equal(ticks.length, sent);
  assert.equal(clock.link, "ok");
});

test("a hidden page sends nothing, has nothing waiting, and goes on when it is seen", () => {
  const { time, ticks, links, clock, arrive, start } = setUp();
  start();
  clock.setVisible(false);
  assert.equal(time.waiting, 0);
  arrive(1);
  time.paint();
  time.pass(60_000);
  assert.equal(ticks.length, 1);
  assert.deepEqual(links, []);
  clock.setVisible(true);
  time.paint();
  assert.deepEqual(ticks.at(-1), { seen: 1, window: 1, again: false });
});

test("play after a pause asks again though the last tick was never answered", () => {
  const { time, ticks, clock, start } = setUp();
  start();
  clock.setPlaying(false);
  clock.setPlaying(true);
  time.paint();
  assert.deepEqual(ticks, Array(2).fill({ seen: 0, window: 1, again: false }));
});

test("frames that are older than what was taken are dropped, full ones never", () => {
  const { arrive, seen, start, time, ticks } = setUp();
  start();
  assert.equal(arrive(1), true);
  assert.equal(arrive(1), false);
  assert.equal(arrive(0), false);
  assert.equal(arrive(1, true), true);
  assert.equal(arrive(0, true), true, "the count may begin anew");
  time.paint();
  assert.equal(ticks.at(-1)?.seen, 0);
  assert.equal(seen.syncs, 0);
});

test("a gap asks for everything, once until it has come", () => {
  const { arrive, seen, start, time } = setUp();
  start();
  arrive(1);
  arrive(4);
  assert.equal(seen.syncs, 1);
  arrive(7);
  assert.equal(seen.syncs, 1);
  arrive(8, true);
  time.paint();
  arrive(12);
  assert.equal(seen.syncs, 2);
});

test("frames that another page asked for count as answers", () => {
  const { arrive, start, time, ticks, seen } = setUp();
  start();
  // The kernel answered the other page's ticks and ignored ours: frames 1 and 2 come all the same.
  arrive(1);
  arrive(2);
  time.paint();
  assert.deepEqual(ticks.at(-1), { seen: 2, window: 1, again: false });
  assert.equal(ticks.length, 2);
  assert.equal(seen.syncs, 0);
});

test("no answer for two seconds: busy, and it asks again for everything", () => {
  const { time, ticks, links, start } = setUp();
  start();
  time.pass(BUSY_AFTER_MS - 1);
  assert.deepEqual(links, []);
  time.pass(1);
  assert.deepEqual(links, ["busy"]);
  assert.deepEqual(ticks.at(-1), { seen: 0, window: 1, again: true });
});

test("no answer for ten seconds: lost; an answer mends it and the run goes on", () => {
  const { time, ticks, links, arrive, start } = setUp();
  start();
  time.pass(LOST_AFTER_MS);
  assert.deepEqual(links, ["busy", "lost"]);
  arrive(0, true);
  assert.deepEqual(links, ["busy", "lost", "ok"]);
  time.paint();
  assert.deepEqual(ticks.at(-1), { seen: 0, window: 1, again: false });
});

test("retries become rarer, so that they do not pile up at a busy kernel", () => {
  const { time, ticks, start } = setUp();
  start();
  time.pass(60_000);
  const retries = ticks.filter((tick) => tick.again).length;
  assert.ok(retries >= 3 && retries <= 6, `${retries} retries in a minute`);
});

test("a closed connection is lost at once, also while paused, and mends itself", () => {
  const { time, links, clock, arrive, seen } = setUp();
  clock.setVisible(true);
  arrive(0, true);
  time.paint();
  clock.disconnected();
  assert.deepEqual(links, ["lost"]);
  assert.equal(seen.syncs, 1, "it asks, in case the connection lives after all");
  time.pass(BUSY_AFTER_MS);
  assert.equal(seen.syncs, 2);
  assert.deepEqual(links, ["lost"], "not merely busy");
  arrive(1, true);
  assert.deepEqual(links, ["lost", "ok"]);
  time.paint();
  time.pass(LOST_AFTER_MS);
  assert.equal(time.waiting, 0);
});

test("a kernel that has ended is asked for nothing, whatever is pressed", () => {
  const { time, ticks, links, seen, clock, start } = setUp();
  start();
  clock.disconnected();
  clock.ended();
  assert.deepEqual(links, ["lost", "ended"]);
  const before = [ticks.length, seen.syncs];
  clock.setPlaying(false);
  clock.setPlaying(true);
  time.paint();
  time.pass(2 * LOST_AFTER_MS);
  assert.deepEqual([ticks.length, seen.syncs], before);
  assert.equal(clock.link, "ended");
  assert.equal(time.waiting, 0);
  clock.disconnected();
  assert.equal(clock.link, "ended", "the closing of its connection is no news");
});

test("a refused message shows that the kernel lives", () => {
  const { time, links, clock, start } = setUp();
  start();
  time.pass(BUSY_AFTER_MS - 100);
  clock.refused();
  time.pass(BUSY_AFTER_MS - 100);
  assert.deepEqual(links, []);
});

/** Plays `frames` frames over a wire of `wire` ms each, the kernel taking `took` ms a frame. */
function play(set: ReturnType<typeof setUp>, frames: number, wire: number, took: number): number {
  const { time, ticks, arrive, clock } = set;
  let answered = ticks.length - 1;
  let most = 0;
  const underway: { seq: number; at: number }[] = [];
  let free = time.now();
  let seq = clock.seen;
  for (let done = 0; done < frames; ) {
    while (answered < ticks.length) {
      free = Math.max(free, time.now() + wire / 2) + took;
      underway.push({ seq: ++seq, at: free + wire / 2 });
      answered += 1;
    }
    most = Math.max(most, underway.length);
    time.paint();
    while (underway[0] !== undefined && underway[0].at <= time.now()) {
      const { seq: next } = underway.shift() as { seq: number };
      arrive(next, false, took);
      done += 1;
    }
  }
  return most;
}

test("a fast wire keeps one frame on its way, a slow one two or three", () => {
  const fast = setUp();
  fast.start();
  assert.equal(play(fast, 100, 0, 4), 1);
  assert.equal(fast.clock.window, 1);

  const slow = setUp();
  slow.start();
  play(slow, 200, 60, 4);
  assert.equal(slow.clock.window, 3);
  assert.ok(slow.ticks.every((tick) => tick.window <= 3));
  assert.ok(play(slow, 50, 60, 4) <= 3);
});

test("a slow kernel is no reason to ask for more at once", () => {
  const set = setUp();
  set.start();
  play(set, 100, 0, 120);
  assert.equal(set.clock.window, 1);
});

test("before the first frame there is nothing to tick from: everything is asked for instead", () => {
  const { time, ticks, seen, clock, arrive } = setUp();
  clock.setVisible(true);
  clock.requestSync();
  clock.setPlaying(true);
  time.paint();
  time.pass(BUSY_AFTER_MS);
  assert.deepEqual(ticks, []);
  assert.equal(seen.syncs, 2);
  arrive(40, true);
  time.paint();
  assert.deepEqual(ticks, [{ seen: 40, window: 1, again: false }]);
});

test("stop leaves nothing waiting", () => {
  const { time, clock, start } = setUp();
  start();
  clock.stop();
  assert.equal(time.waiting, 0);
});
