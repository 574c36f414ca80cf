// The page's end of the worker: it passes cells and the messages of widgets.

import type { ICallbacks, IClassicComm } from "@jupyter-widgets/base";
import type { CommMessage, Output, Start, ToPage, ToWorker } from "./protocol";

type JsonObject = Parameters<IClassicComm["open"]>[0];
type Buffers = Parameters<IClassicComm["open"]>[3];
type Handler = (message: unknown) => void;

/** A message from the kernel, as the widgets' own code reads it. */
export interface Received extends CommMessage {
  readonly buffers: readonly DataView[];
}

export interface Listener {
  fetched(bytes: number, total: number | null): void;
  step(number: number, of: number, what: string): void;
  /** A widget has come; messages that follow wait until this is done. */
  opened(comm: IClassicComm, message: Received): Promise<unknown>;
  failed(reason: string): void;
}

export class Connection {
  private readonly comms = new Map<string, Comm>();
  private readonly cells = new Map<string, (outputs: readonly Output[]) => void>();
  private readonly waiting = new Map<number, () => void>();
  private ready: () => void = () => undefined;
  private sent = 0;
  private order: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly worker: Worker,
    private readonly listener: Listener,
  ) {
    worker.onmessage = ({ data }: MessageEvent<ToPage>) => {
      // One after the other: a message for a widget must not pass the one that makes it.
      this.order = this.order
        .then(() => this.handle(data))
        .catch((error: unknown) => console.error("[nbtutor]", error));
    };
    worker.onerror = (event) => listener.failed(event.message || "the worker did not start");
  }

  start(files: Omit<Start, "kind">): Promise<void> {
    return new Promise((resolve) => {
      this.ready = resolve;
      this.post({ kind: "start", ...files });
    });
  }

  run(cell: string, source: string): Promise<readonly Output[]> {
    return new Promise((resolve) => {
      this.cells.set(cell, resolve);
      this.post({ kind: "run", cell, source });
    });
  }

  /** Sends a message to a widget; `done` is called when the kernel has handled it. */
  send(message: CommMessage, buffers: Buffers, done: () => void): string {
    this.sent += 1;
    this.waiting.set(this.sent, done);
    const bytes = (buffers ?? []).map((each) =>
      ArrayBuffer.isView(each)
        ? new Uint8Array(each.buffer, each.byteOffset, each.byteLength)
        : new Uint8Array(each),
    );
    this.post({ kind: "comm", id: this.sent, message: JSON.stringify(message), buffers: bytes });
    return String(this.sent);
  }

  comm(id: string, target: string): Comm {
    const made = new Comm(id, target, this);
    this.comms.set(id, made);
    return made;
  }

  forget(id: string): void {
    this.comms.delete(id);
  }

  private post(request: ToWorker): void {
    this.worker.postMessage(request);
  }

  private async handle(data: ToPage): Promise<void> {
    switch (data.kind) {
      case "fetched":
        this.listener.fetched(data.bytes, data.total);
        break;
      case "step":
        this.listener.step(data.number, data.of, data.what);
        break;
      case "ready":
        this.ready();
        break;
      case "outputs":
        this.cells.get(data.cell)?.(JSON.parse(data.outputs) as Output[]);
        this.cells.delete(data.cell);
        break;
      case "idle":
        this.waiting.get(data.id)?.();
        this.waiting.delete(data.id);
        break;
      case "failed":
        this.listener.failed(data.reason);
        break;
      case "comm":
        await this.receive(JSON.parse(data.message) as CommMessage, data.buffers);
    }
  }

  private async receive(message: CommMessage, buffers: readonly Uint8Array[]): Promise<void> {
    const { comm_id: id, target_name: target } = message.content;
    const views = buffers.map((each) => new DataView(each.buffer, each.byteOffset, each.length));
    const received: Received = { ...message, buffers: views };
    if (message.msg_type === "comm_open") {
      await this.listener.opened(this.comm(id, target ?? ""), received);
    } else if (message.msg_type === "comm_msg") {
      await this.comms.get(id)?.onMessage(received);
    } else {
      this.comms.get(id)?.onClose(received);
      this.forget(id);
    }
  }
}

/** One widget's connection. */
export class Comm implements IClassicComm {
  onMessage: (message: unknown) => unknown = () => undefined;
  onClose: Handler = () => undefined;

  constructor(
    readonly comm_id: string,
    readonly target_name: string,
    private readonly connection: Connection,
  ) {}

  open(data: JsonObject, callbacks?: ICallbacks, metadata?: object, buffers?: Buffers): string {
    return this.say("comm_open", data, callbacks, metadata, buffers);
  }

  send(data: JsonObject, callbacks?: ICallbacks, metadata?: object, buffers?: Buffers): string {
    return this.say("comm_msg", data, callbacks, metadata, buffers);
  }

  close(data?: JsonObject, callbacks?: ICallbacks, metadata?: object, buffers?: Buffers): string {
    this.connection.forget(this.comm_id);
    return this.say("comm_close", data ?? {}, callbacks, metadata, buffers);
  }

  on_msg(callback: (message: unknown) => unknown): void {
    this.onMessage = callback;
  }

  on_close(callback: Handler): void {
    this.onClose = callback;
  }

  private say(
    type: CommMessage["msg_type"],
    data: JsonObject,
    callbacks?: ICallbacks,
    metadata?: object,
    buffers?: Buffers,
  ): string {
    const message: CommMessage = {
      msg_type: type,
      metadata: { ...metadata },
      content: {
        comm_id: this.comm_id,
        target_name: this.target_name,
        data: data as Record<string, unknown>,
      },
    };
    return this.connection.send(message, buffers, () => {
      const idle = { header: { msg_type: "status" }, content: { execution_state: "idle" } };
      callbacks?.iopub?.["status"]?.(idle as never);
    });
  }
}
