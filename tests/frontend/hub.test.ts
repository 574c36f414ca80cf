import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BUSY_SENTENCE, createHub, ENDED_SENTENCE, LOST_SENTENCE, type Picture,
} from "../../nbtutor/frontend/src/hub";
import type { SentFile } from "../../nbtutor/frontend/src/protocol";
import { FakeTime } from "./fake_time";
import { fullFrame, partFrame, type Message } from "./frames";

/** A model as anywidget hands it over, with the kernel at the test's hand. */
class FakeModel {
  readonly sent: Record<string, unknown>[] = [];
  readonly listeners = new Map<string, Set<(...values: unknown[]) => void>>();
  broken = false;

  constructor(readonly traits: Record<string, unknown>) {}

  get(name: string): unknown {
    return this.traits[name];
  }

  set(name: string, value: unknown): void {
    this.traits[name] = value;
    this.trigger(`change:${name}`);
  }

  send(content: Record<string, unknown>): void {
    if (this.broken) throw new Error("the connection is closed");
    this.sent.push(content);
  }

  on(event: string, callback: (...values: unknown[]) => void): void {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(callback));
  }

  off(event: string, callback: (...values: unknown[]) => void): void {
    this.listeners.get(event)?.delete(callback);
  }

  trigger(event: string, ...values: unknown[]): void {
    for (const callback of this.listeners.get(event) ?? []) callback(...values);
  }

  receive({ header, buffers }: Message): void {
    this.trigger("msg:custom", header, buffers);
  }

  get ticks(): Record<string, unknown>[] {
    return this.sent.filter(({ type }) => type === "tick");
  }

  get syncs(): number {
    return this.sent.filter(({ type }) => type === "sync").length;
  }
}

const place = { compareDocumentPosition: () => 0 };

function setUp(traits: Record<string, unknown> = {}) {
  const time = new FakeTime();
  const model = new FakeModel({
    snapshot: fullFrame(0, { state: "idle", message: "Press Play." }),
    state: "idle", message: "Press Play.", error: "", playing: false, ...traits,
  });
  const controller = new AbortController();
  const page = { hidden: false, changed: (): void => undefined, ended: (): void => undefined };
  const complaints: unknown[] = [];
  const address = { link: null as string | null, free: true, changed: (): void => undefined };
  const files: SentFile[] = [];
  const hub = createHub(model as unknown as Parameters<typeof createHub>[0], controller.signal, {
    clock: time,
    hidden: () => page.hidden,
    onVisibilityChange: (callback) => {
      page.changed = callback;
    },
    onKernelEnd: (callback) => {
      page.ended = callback;
    },
    complain: (error) => complaints.push(error),
    address: {
      link: () => address.link,
      onChange: (callback) => {
        address.changed = callback;
      },
      enter: () => ({ stand: (_, won) => address.free && won() }),
    },
    download: (file) => files.push(file),
  });
  const open = () => {
    const pictures: Picture[] = [];
    const membership = hub.join({ place, paint: (picture) => pictures.push(picture) });
    membership.setVisible(true);
    return { pictures, membership };
  };
  const play = (): void => {
    model.set("playing", true);
    time.paint();
  };
  return { time, model, hub, controller, page, complaints, address, files, open, play };
}

test("the snapshot is painted before any message, and nothing is asked for", () => {
  const { time, model, open } = setUp();
  const { pictures } = open();
  time.paint();
  assert.equal(pictures.at(-1)?.scene?.frame.seq, 0);
  assert.equal(pictures.at(-1)?.sentence, "Press Play.");
  assert.deepEqual(model.sent, []);
  assert.equal(time.waiting, 0);
});

test("without a snapshot, or where a run goes on already, everything is asked for", () => {
  assert.equal(setUp({ snapshot: {} }).model.syncs, 1);
  assert.equal(setUp({ playing: true }).model.syncs, 1);
});

test("two views share one clock", () => {
  const { time, model, open, play } = setUp();
  const [first, second] = [open(), open()];
  play();
  assert.equal(model.ticks.length, 1);
  model.receive(partFrame(1));
  time.paint();
  assert.equal(model.ticks.length, 2);
  for (const { pictures } of [first, second]) assert.equal(pictures.at(-1)?.scene?.frame.seq, 1);
});

test("with every view closed or out of sight nothing is asked; a new one goes on", () => {
  const { time, model, open, play } = setUp();
  const [first, second] = [open(), open()];
  play();
  first.membership.leave();
  second.membership.setVisible(false);
  model.receive(partFrame(1));
  time.paint();
  assert.equal(model.ticks.length, 1);
  assert.equal(time.waiting, 0);
  const third = open();
  time.paint();
  assert.equal(model.ticks.length, 2);
  assert.equal(third.pictures.at(-1)?.scene?.frame.seq, 1);
});

test("a hidden tab asks for nothing", () => {
  const { time, model, page, open, play } = setUp();
  open();
  play();
  page.hidden = true;
  page.changed();
  model.receive(partFrame(1));
  time.pass(20_000);
  assert.equal(model.ticks.length, 1);
  page.hidden = false;
  page.changed();
  time.paint();
  assert.equal(model.ticks.length, 2);
});

test("frames add to the curve, a full one replaces it", () => {
  const { time, model, open, play } = setUp();
  const { pictures } = open();
  play();
  model.receive(partFrame(1));
  model.receive(partFrame(2));
  time.paint();
  assert.equal(pictures.at(-1)?.scene?.curve.rows, 4);
  model.receive(fullFrame(3));
  time.paint();
  assert.equal(pictures.at(-1)?.scene?.curve.rows, 2);
});

test("a stale frame changes nothing, not even the curve", () => {
  const { time, model, open, play } = setUp();
  const { pictures } = open();
  play();
  model.receive(partFrame(1));
  model.receive(partFrame(1));
  time.paint();
  assert.equal(pictures.at(-1)?.scene?.curve.rows, 3);
});

test("a malformed frame is told on the console and changes nothing", () => {
  const { time, model, complaints, open, play } = setUp();
  const { pictures } = open();
  play();
  model.receive(partFrame(1, { epoch: "soon" }));
  model.receive({ ...partFrame(1), buffers: [] });
  time.paint();
  assert.equal(complaints.length, 2);
  assert.equal(pictures.at(-1)?.scene?.frame.seq, 0);
  model.receive(partFrame(1));
  time.paint();
  assert.equal(pictures.at(-1)?.scene?.frame.seq, 1);
});

test("a frame that does not fit the network is refused", () => {
  const { time, model, complaints, open } = setUp();
  const { pictures } = open();
  model.receive(fullFrame(1, { layers: [2, 4, 1], shown: [2, 4, 1] }));
  time.paint();
  assert.equal(complaints.length, 1);
  assert.deepEqual(pictures.at(-1)?.scene?.structure.layers, [2, 3, 1]);
});

test("busy, then lost, then well again, each in its sentence, the picture kept", () => {
  const { time, model, open, play } = setUp();
  const { pictures } = open();
  play();
  const told = (): (string | undefined)[] => {
    time.paint();
    return [pictures.at(-1)?.state, pictures.at(-1)?.sentence];
  };
  time.pass(2_000);
  assert.deepEqual(told(), ["busy", BUSY_SENTENCE]);
  time.pass(8_000);
  assert.deepEqual(told(), ["error", LOST_SENTENCE]);
  assert.equal(pictures.at(-1)?.scene?.frame.seq, 0);
  model.receive(fullFrame(1));
  assert.deepEqual(told(), ["playing", "Training."]);
});

test("a connection that throws is lost and does not break the page", () => {
  const { time, model, complaints, open } = setUp();
  const { pictures } = open();
  time.paint();
  model.broken = true;
  model.trigger("comm_live_update");
  time.paint();
  assert.equal(pictures.at(-1)?.sentence, LOST_SENTENCE);
  assert.deepEqual(complaints, []);
  model.broken = false;
  model.receive(fullFrame(1));
  time.paint();
  assert.equal(pictures.at(-1)?.sentence, "Training.");
});

test("a kernel that the page knows to have ended is not waited for", () => {
  const { time, model, page, open } = setUp();
  const { pictures } = open();
  time.paint();
  model.trigger("comm_live_update");
  page.ended();
  time.paint();
  assert.deepEqual([pictures.at(-1)?.state, pictures.at(-1)?.sentence], ["error", ENDED_SENTENCE]);
  assert.equal(pictures.at(-1)?.scene?.frame.seq, 0, "what is shown stays");
});

test("a view that fails does not stop the others or the clock", () => {
  const { time, model, hub, complaints, open, play } = setUp();
  const broken = hub.join({
    place,
    paint: () => {
      throw new Error("no canvas");
    },
  });
  broken.setVisible(true);
  const { pictures } = open();
  play();
  model.receive(partFrame(1));
  time.paint();
  assert.equal(pictures.at(-1)?.scene?.frame.seq, 1);
  assert.equal(model.ticks.length, 2);
  assert.ok(complaints.length > 0);
});

test("a refused message is told for some seconds, then the trait's own error", () => {
  const { time, model, open, play } = setUp();
  const { pictures } = open();
  play();
  model.trigger("msg:custom", { type: "error", message: "seen must be whole" }, []);
  time.paint();
  assert.equal(pictures.at(-1)?.error, "seen must be whole");
  model.receive(partFrame(1));
  time.paint();
  assert.equal(pictures.at(-1)?.error, "seen must be whole");
  time.pass(6_000);
  model.receive(partFrame(2));
  time.paint();
  assert.equal(pictures.at(-1)?.error, "");
});

test("the traits of the kernel are shown as they change", () => {
  const { time, model, open } = setUp();
  const { pictures } = open();
  model.set("state", "error");
  model.set("message", "Training stopped.");
  model.set("error", "Nothing was changed.");
  time.paint();
  const { state, sentence, error } = pictures.at(-1) as Picture;
  assert.deepEqual([state, sentence, error], ["error", "Training stopped.", "Nothing was changed."]);
});

test("the end of a hub leaves no listener and nothing waiting", () => {
  const { time, model, controller, open, play } = setUp();
  open();
  play();
  controller.abort();
  assert.equal([...model.listeners.values()].reduce((sum, set) => sum + set.size, 0), 0);
  assert.equal(time.waiting, 0);
});

test("a unit that one view points at is seen by all, until it points at none", () => {
  const { time, open } = setUp();
  const [first, second] = [open(), open()];
  first.membership.setFocus({ of: "unit", picture: 2, name: "hidden 1, unit 3" });
  time.paint();
  assert.equal(second.pictures.at(-1)?.focus?.name, "hidden 1, unit 3");
  first.membership.setFocus(null);
  time.paint();
  assert.equal(second.pictures.at(-1)?.focus, null);
});

test("the page's link is sent once a view is seen, and again when the address changes", () => {
  const { model, address, open } = setUp();
  const opened = (): unknown[] => model.sent.filter(({ type }) => type === "open");
  address.link = "#nbt=1;seed=3";
  assert.deepEqual(opened(), []);
  open();
  open();
  assert.deepEqual(opened(), [{ type: "open", link: "#nbt=1;seed=3" }]);
  address.link = "#nbt=1;seed=4";
  address.changed();
  assert.equal(opened().length, 2);
  address.link = null;
  address.changed();
  assert.equal(opened().length, 2);
});

test("a link that another playground has taken is left to it", () => {
  const { model, address, open } = setUp();
  address.link = "#nbt=1;seed=3";
  address.free = false;
  open();
  address.changed();
  assert.deepEqual(model.sent, []);
});

function sendFile(model: FakeModel, what: string, name = "run.csv"): void {
  const header = { type: "file", what, name, mime: "text/csv" };
  model.receive({ header, buffers: [new DataView(Uint8Array.of(7, 8, 9).buffer, 1, 2)] });
}

test("a file goes to the downloads of the page that asked, once, and that is said", () => {
  const { time, model, hub, files, open } = setUp();
  const { pictures } = open();
  const told = (): string | undefined => {
    time.paint();
    return pictures.at(-1)?.sentence;
  };
  sendFile(model, "csv");
  assert.deepEqual(files, []);
  hub.sharing.request("csv");
  assert.deepEqual(model.sent, [{ type: "export", what: "csv" }]);
  assert.equal(told(), "The file is being made.");
  sendFile(model, "png");
  sendFile(model, "csv");
  sendFile(model, "csv");
  assert.deepEqual(files.map(({ name, bytes }) => [name, [...bytes]]), [["run.csv", [8, 9]]]);
  assert.equal(told(), "Downloaded run.csv.");
  time.pass(6_000);
  assert.equal(told(), "Press Play.");
});

test("a file that cannot be made is told, and is not waited for", () => {
  const { time, model, hub, files, open } = setUp();
  const { pictures } = open();
  hub.sharing.request("sklearn");
  model.trigger("msg:custom", { type: "error", message: "The file cannot be made." }, []);
  time.paint();
  assert.equal(pictures.at(-1)?.error, "The file cannot be made.");
  assert.equal(pictures.at(-1)?.sentence, "Press Play.");
  sendFile(model, "sklearn");
  assert.deepEqual(files, []);
});

test("a file with a name that leads elsewhere is refused", () => {
  const { model, hub, files, complaints } = setUp();
  for (const name of ["../run.csv", "a/b", "a\\b", "", ".bashrc", "run.csv\n"]) {
    hub.sharing.request("csv");
    sendFile(model, "csv", name);
  }
  assert.deepEqual(files, []);
  assert.equal(complaints.length, 6);
});

test("the link to copy is the kernel's", () => {
  assert.equal(setUp({ link: "#nbt=1;seed=3" }).hub.sharing.link(), "#nbt=1;seed=3");
});

test("the last verdict and statistics stay until there are newer ones that fit", () => {
  const { time, model, complaints, open, play } = setUp();
  const { pictures } = open();
  const layer = {
    units: 3, gradient: 0.1, update_ratio: 0.001, dead: 0, saturated: 0.5, sign: "vanishing",
  };
  const verdict = { kind: "good", sentence: "A good fit: ..." };
  play();
  const shown = (message: Message) => {
    model.receive(message);
    time.paint();
    return pictures.at(-1)?.scene;
  };
  let scene = shown(partFrame(1, { verdict, statistics: [layer, { ...layer, units: 1 }] }));
  assert.deepEqual(scene?.verdict, verdict);
  assert.equal(scene?.statistics.length, 2);
  scene = shown(partFrame(2, { verdict: null, statistics: null }));
  assert.deepEqual(scene?.verdict, verdict);
  assert.equal(scene?.statistics.length, 2);
  assert.equal(complaints.length, 0);
  scene = shown(partFrame(3, { statistics: [layer] }));
  assert.equal(scene?.frame.seq, 2);
  assert.match(String(complaints[0]), /statistics of 1 layers, not 2/);
  scene = shown(partFrame(3, { statistics: [] }));
  assert.equal(scene?.statistics.length, 0);
  scene = shown(fullFrame(4));
  assert.equal(scene?.verdict, null);
});

test("an act is sent, and what is told of it stands as the error until the next", () => {
  const { time, model, hub, open } = setUp();
  const { pictures } = open();
  hub.act("paint", { size: 3 });
  assert.deepEqual(model.sent, [{ type: "act", name: "paint", arguments: { size: 3 } }]);
  model.trigger("msg:custom", { type: "error", message: "Nothing was changed." }, []);
  time.paint();
  assert.equal(pictures.at(-1)?.error, "Nothing was changed.");
  hub.act("paint", { size: 2 });
  model.receive(fullFrame(1));
  time.paint();
  assert.equal(pictures.at(-1)?.error, "");
});
