// One for each model and page: owns the clock and the scene, and tells every view when to draw.
// Other widgets load their own copy of this module, so nothing may be shared through it: they get
// the object that `createHub` returns, through anywidget's host.

import type { AnyModel } from "@anywidget/types";
import { browserAddress, type Address } from "./address";
import { browserTime, Clock, type Link, type Time } from "./clock";
import type { Place } from "./contest";
import { download } from "./download";
import {
  actMessage,
  decodeMessage,
  decodeSnapshot,
  exportMessage,
  openMessage,
  parseRunState,
  syncMessage,
  tickMessage,
  TRAITS,
  type BufferLike,
  type Frame,
  type RunState,
  type SentFile,
} from "./protocol";
import { advance, structureOf, type Scene } from "./scene";

export const BUSY_SENTENCE = "The kernel is busy. Waiting for it.";
export const LOST_SENTENCE =
  "The kernel does not answer. If it has stopped, run the notebook again (a web page: reload it).";
export const ENDED_SENTENCE = "The kernel has ended. What you see stays.";

/** What the course's page tells the document when it finds that its kernel has ended. */
export const KERNEL_END = "nbtutor:kernel-end";

// A refused message is told for at least this long, even while frames come in.
const COMPLAINT_MS = 5_000;

// What is said of a copied link or a saved file stands in the place of the state for so long.
const SAID_MS = 5_000;

export type ShownState = RunState | "busy";

/** A unit that the learner points at, to be seen large. */
export interface Focus {
  readonly of: "input" | "unit" | "output";
  /** Its picture's place among those of its kind: `inputs`, `units` or `outputs`. */
  readonly picture: number;
  readonly name: string;
}

export interface Picture {
  readonly scene: Scene | null;
  readonly state: ShownState;
  /** What the state means, in words. */
  readonly sentence: string;
  /** What went wrong; empty where nothing did. */
  readonly error: string;
  readonly focus: Focus | null;
}

export interface Participant {
  /** Where it is in the page. */
  readonly place: Place;
  paint(picture: Picture): void;
}

export interface Membership {
  /** Views on the screen are drawn; where none is, nothing is trained. */
  setVisible(visible: boolean): void;
  /** The view must be drawn again, for instance because its size changed. */
  invalidate(): void;
  /** Points every view at a unit, or at none. */
  setFocus(focus: Focus | null): void;
  leave(): void;
}

/** What takes a run elsewhere. */
export interface Sharing {
  /** The end of the page's address that means the present settings. */
  link(): string;
  /** Asks the kernel for a file, which goes to the browser's downloads. */
  request(what: string): void;
  /** Says a sentence for some seconds, where the state is told. */
  say(sentence: string): void;
}

/** Asks the kernel to do something that it offers. What goes wrong comes back as the error. */
export type Act = (name: string, args: Readonly<Record<string, unknown>>) => void;

export interface Hub {
  readonly act: Act;
  join(participant: Participant): Membership;
  readonly sharing: Sharing;
}

interface Member {
  readonly participant: Participant;
  visible: boolean;
  stale: boolean;
}

/** What the hub needs of the page; a test hands in its own. */
export interface Page {
  readonly clock: Time;
  readonly hidden: () => boolean;
  readonly onVisibilityChange: (callback: () => void, signal: AbortSignal) => void;
  readonly onKernelEnd: (callback: () => void, signal: AbortSignal) => void;
  readonly complain: (error: unknown) => void;
  readonly address: Address;
  readonly download: (file: SentFile) => void;
}

export function browserPage(): Page {
  return {
    clock: browserTime,
    hidden: () => document.visibilityState === "hidden",
    onVisibilityChange: (callback, signal) =>
      document.addEventListener("visibilitychange", callback, { signal }),
    onKernelEnd: (callback, signal) => document.addEventListener(KERNEL_END, callback, { signal }),
    complain: (error) => console.error("[nbtutor]", error),
    address: browserAddress(),
    download,
  };
}

export function createHub(model: AnyModel, signal: AbortSignal, page = browserPage()): Hub {
  const members = new Set<Member>();
  let scene: Scene | null = null;
  let state: RunState = readState();
  let message = String(model.get(TRAITS.message) ?? "");
  let error = String(model.get(TRAITS.error) ?? "");
  let complaintUntil = 0;
  let focus: Focus | null = null;
  let said = "";
  let saidTimer: number | null = null;
  const seat = page.address.enter(signal);
  let stood = false;
  const wanted = new Set<string>();

  const clock = new Clock({
    ...page.clock,
    sendTick: (tick) => send(tickMessage(tick)),
    sendSync: () => send(syncMessage()),
    paint,
    linkChanged: () => markAll(),
  });

  function send(content: object): void {
    try {
      model.send(content);
    } catch {
      // A closed connection throws. The clock's watchdog tells the learner and tries again.
    }
  }

  function readState(): RunState {
    try {
      return parseRunState(model.get(TRAITS.state));
    } catch {
      return "idle";
    }
  }

  function markAll(): void {
    for (const member of members) member.stale = true;
    clock.invalidate();
  }

  function picture(): Picture {
    const shown: Record<Link, [ShownState, string]> = {
      ok: [state, said || message],
      busy: ["busy", BUSY_SENTENCE],
      lost: ["error", LOST_SENTENCE],
      ended: ["error", ENDED_SENTENCE],
    };
    const [shownState, sentence] = shown[clock.link];
    return { scene, state: shownState, sentence, error, focus };
  }

  function paint(): void {
    const now = picture();
    for (const member of members) {
      if (!member.visible || !member.stale) continue;
      member.stale = false;
      try {
        member.participant.paint(now);
      } catch (failure) {
        page.complain(failure);
      }
    }
  }

  function take(frame: Frame): void {
    const structure = structureOf(scene, frame);
    if (structure === null) {
      clock.requestSync();
      return;
    }
    if (!clock.arrived(frame)) return;
    scene = advance(scene, frame, structure);
    state = frame.state;
    message = frame.message;
    if (complaintUntil > 0 && page.clock.now() > complaintUntil) {
      complaintUntil = 0;
      error = String(model.get(TRAITS.error) ?? "");
    }
    markAll();
  }

  function forgetSaid(): void {
    if (saidTimer !== null) page.clock.clearTimer(saidTimer);
    saidTimer = null;
    said = "";
  }

  function say(sentence: string): void {
    forgetSaid();
    said = sentence;
    saidTimer = page.clock.setTimer(() => {
      forgetSaid();
      markAll();
    }, SAID_MS);
    markAll();
  }

  function request(what: string): void {
    wanted.add(what);
    error = String(model.get(TRAITS.error) ?? "");
    complaintUntil = 0;
    say("The file is being made.");
    send(exportMessage(what));
  }

  function takeFile(file: SentFile): void {
    // It goes to every page of the kernel; only one has asked.
    if (!wanted.delete(file.what)) return;
    page.download(file);
    say(`Downloaded ${file.name}.`);
  }

  function act(name: string, args: Readonly<Record<string, unknown>>): void {
    error = String(model.get(TRAITS.error) ?? "");
    complaintUntil = 0;
    send(actMessage(name, args));
  }

  function openLink(): void {
    const link = page.address.link();
    if (link === null) return;
    forgetSaid();
    send(openMessage(link));
  }

  function receive(content: unknown, buffers: readonly BufferLike[]): void {
    try {
      const incoming = decodeMessage(content, buffers);
      if (incoming.kind === "frame") {
        take(incoming.frame);
      } else if (incoming.kind === "file") {
        takeFile(incoming.file);
      } else {
        wanted.clear();
        forgetSaid();
        error = incoming.message;
        complaintUntil = page.clock.now() + COMPLAINT_MS;
        clock.refused();
        markAll();
      }
    } catch (failure) {
      // A frame that cannot be read changes nothing; the next one may be sound.
      page.complain(failure);
    }
  }

  function takeSnapshot(): void {
    try {
      const frame = decodeSnapshot(model.get(TRAITS.snapshot));
      if (frame !== null && (scene === null || frame.seq > scene.frame.seq)) take(frame);
    } catch (failure) {
      page.complain(failure);
    }
  }

  function updateVisible(): void {
    const some = [...members].some((member) => member.visible);
    clock.setVisible(some && !page.hidden());
    const seen = [...members].find((member) => member.visible);
    if (seen === undefined || stood) return;
    stood = true;
    // Where a page has several playgrounds, the first that comes into sight takes the link.
    seat.stand(seen.participant.place, () => {
      openLink();
      page.address.onChange(openLink, signal);
    });
  }

  const listen = (event: string, callback: (content: unknown, buffers: DataView[]) => void): void => {
    model.on(event, callback);
    signal.addEventListener("abort", () => model.off(event, callback));
  };
  listen("msg:custom", receive);
  listen(`change:${TRAITS.snapshot}`, takeSnapshot);
  listen(`change:${TRAITS.playing}`, () => clock.setPlaying(model.get(TRAITS.playing) === true));
  listen(`change:${TRAITS.state}`, () => {
    state = readState();
    markAll();
  });
  listen(`change:${TRAITS.message}`, () => {
    message = String(model.get(TRAITS.message) ?? "");
    markAll();
  });
  listen(`change:${TRAITS.error}`, () => {
    error = String(model.get(TRAITS.error) ?? "");
    complaintUntil = 0;
    markAll();
  });
  // ipywidgets tells both when the kernel went away.
  listen("comm_live_update", () => clock.disconnected());
  listen("comm:close", () => clock.disconnected());
  page.onKernelEnd(() => clock.ended(), signal);
  page.onVisibilityChange(updateVisible, signal);
  signal.addEventListener("abort", () => {
    clock.stop();
    forgetSaid();
    members.clear();
  });

  takeSnapshot();
  const playing = model.get(TRAITS.playing) === true;
  clock.setPlaying(playing);
  // While a run goes on elsewhere, the snapshot is behind it.
  if (scene === null || playing) clock.requestSync();

  return {
    act,
    sharing: { link: () => String(model.get(TRAITS.link) ?? ""), request, say },
    join(participant) {
      const member: Member = { participant, visible: false, stale: true };
      members.add(member);
      return {
        setVisible(visible) {
          member.visible = visible;
          updateVisible();
          if (visible && member.stale) clock.invalidate();
        },
        invalidate() {
          member.stale = true;
          clock.invalidate();
        },
        setFocus(next) {
          if (next?.of === focus?.of && next?.picture === focus?.picture) return;
          focus = next;
          markAll();
        },
        leave() {
          members.delete(member);
          updateVisible();
        },
      };
    },
  };
}
