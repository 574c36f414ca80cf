// The static site's own parts: fetching with progress, and the wire to the worker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, type Received } from "../../nbtutor/frontend/src/site/connection";
import { Files, integrityOf } from "../../nbtutor/frontend/src/site/fetching";
import type { ToPage, ToWorker } from "../../nbtutor/frontend/src/site/protocol";

type Told = [bytes: number, total: number | null];

/** A network with these files, which come in pieces of four bytes. */
function network(files: Record<string, string>, headers: Record<string, string> = {}): typeof fetch {
  return async (input) => {
    const text = files[String(input)];
    if (text === undefined) return new Response("", { status: 404, statusText: "Not Found" });
    const bytes = new TextEncoder().encode(text);
    const pieces = new ReadableStream({
      start(controller) {
        for (let at = 0; at < bytes.length; at += 4) controller.enqueue(bytes.slice(at, at + 4));
        controller.close();
      },
    });
    return new Response(pieces, { headers });
  };
}

test("every byte is told, against the sizes that are known beforehand", async () => {
  const told: Told[] = [];
  const files = new Files(
    { "a.wasm": 6, "b.whl": 5 },
    (...each) => told.push(each),
    network({ "a.wasm": "abcdef", "b.whl": "vwxyz" }),
  );
  await files.get([{ url: "a.wasm" }, { url: "b.whl" }]);
  assert.deepEqual(told.at(-1), [11, 11]);
  assert.ok(told.every(([bytes, total]) => bytes <= 11 && total === 11));
  assert.ok(told.some(([bytes]) => bytes > 0 && bytes < 11));
  assert.equal(new TextDecoder().decode(files.take("b.whl")), "vwxyz");
});

test("a total is told only when every size is known", async () => {
  const told: Told[] = [];
  const files = new Files({ a: 6 }, (...each) => told.push(each), network({ a: "abcdef", b: "xy" }));
  await files.get([{ url: "a" }, { url: "b" }]);
  assert.equal(told[0]?.[1], null);
  assert.deepEqual(told.at(-1), [8, 8]);
});

test("the server's length counts, but not that of what was packed on the way", async () => {
  for (const [headers, first] of [
    [{ "content-length": "6" }, 6],
    [{ "content-length": "3", "content-encoding": "gzip" }, null],
  ] as const) {
    const told: Told[] = [];
    const files = new Files({}, (...each) => told.push(each), network({ a: "abcdef" }, headers));
    await files.get([{ url: "a" }]);
    assert.equal(told[0]?.[1], first);
  }
});

test("what was fetched is handed out as a server would", async () => {
  const files = new Files({}, () => undefined, network({ "x/a.wasm": "abc" }));
  await files.get([{ url: "x/a.wasm" }]);
  const answer = files.answer("x/a.wasm");
  assert.equal(answer?.headers.get("content-type"), "application/wasm");
  assert.equal(await answer?.text(), "abc");
  assert.equal(files.answer("x/other"), undefined);
});

test("a file that is not there is named", async () => {
  const files = new Files({}, () => undefined, network({}));
  await assert.rejects(files.get([{ url: "gone.whl" }]), /gone\.whl could not be fetched: 404/);
});

test("a checksum is written as fetch takes it", () => {
  const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  assert.equal(integrityOf(empty), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
});

/** A worker that keeps what it is told, and says what the test wants. */
class FakeWorker {
  readonly told: ToWorker[] = [];
  onmessage: ((event: { data: ToPage }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;

  postMessage(request: ToWorker): void {
    this.told.push(request);
  }

  say(data: ToPage): void {
    this.onmessage?.({ data });
  }

  comm(type: string, id: string, data: object, buffers: Uint8Array[] = []): void {
    const content = { comm_id: id, target_name: "jupyter.widget", data };
    const message = JSON.stringify({ msg_type: type, metadata: {}, content });
    this.say({ kind: "comm", message, buffers });
  }
}

const rest = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function connect(opened: (id: string) => Promise<unknown> = async () => undefined) {
  const worker = new FakeWorker();
  const failures: string[] = [];
  const received: Received[] = [];
  const connection = new Connection(worker as unknown as Worker, {
    fetched: () => undefined,
    step: () => undefined,
    failed: (reason) => failures.push(reason),
    async opened(comm) {
      await opened(comm.comm_id);
      comm.on_msg((message) => received.push(message as Received));
    },
  });
  return { worker, connection, failures, received };
}

test("a message waits until the widget that it is for is made", async () => {
  let made = (): void => undefined;
  const { worker, received } = connect(() => new Promise<void>((resolve) => (made = resolve)));
  worker.comm("comm_open", "w", {});
  worker.comm("comm_msg", "w", { n: 1 }, [new Uint8Array([7, 8])]);
  worker.comm("comm_msg", "w", { n: 2 });
  await rest();
  assert.equal(received.length, 0);
  made();
  await rest();
  assert.deepEqual(received.map(({ content }) => content.data["n"]), [1, 2]);
  assert.equal(received[0]?.buffers[0]?.getUint8(1), 8);
});

test("a widget that cannot be made holds up no other", async (context) => {
  context.mock.method(console, "error", () => undefined);
  const { worker, received } = connect(async (id) => {
    if (id === "bad") throw new Error("no such widget");
  });
  worker.comm("comm_open", "bad", {});
  worker.comm("comm_open", "good", {});
  worker.comm("comm_msg", "good", { n: 1 });
  await rest();
  assert.equal(received.length, 1);
});

test("a widget's message goes out with its bytes, and hears when it was handled", async () => {
  const { worker, connection } = connect();
  const states: string[] = [];
  const status = (message: { content: { execution_state: string } }): number =>
    states.push(message.content.execution_state);
  const whole = new Uint8Array([1, 2, 3, 4]);
  const comm = connection.comm("w", "jupyter.widget");
  comm.send({ n: 1 }, { iopub: { status } } as never, {}, [whole.subarray(1, 3)]);
  const [sent] = worker.told;
  assert.equal(sent?.kind, "comm");
  if (sent?.kind !== "comm") return;
  assert.deepEqual(JSON.parse(sent.message).content.data, { n: 1 });
  assert.deepEqual([...(sent.buffers[0] ?? [])], [2, 3]);
  assert.deepEqual(states, []);
  worker.say({ kind: "idle", id: sent.id });
  worker.say({ kind: "idle", id: sent.id });
  await rest();
  assert.deepEqual(states, ["idle"]);
});

test("cells get their own outputs", async () => {
  const { worker, connection } = connect();
  const [one, two] = [connection.run("1", "1"), connection.run("2", "2")];
  worker.say({ kind: "outputs", cell: "2", outputs: '[{"output_type": "stream", "text": "b"}]' });
  worker.say({ kind: "outputs", cell: "1", outputs: "[]" });
  assert.deepEqual(await one, []);
  assert.equal((await two)[0]?.text, "b");
});

test("what goes wrong in the worker is told", async () => {
  const { worker, failures } = connect();
  worker.say({ kind: "failed", reason: "a.whl could not be fetched" });
  worker.onerror?.({ message: "" });
  await rest();
  assert.deepEqual(failures, ["the worker did not start", "a.whl could not be fetched"]);
});
