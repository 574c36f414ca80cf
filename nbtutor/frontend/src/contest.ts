// Which of several playgrounds in a page opens its link: of those that are seen at about the same
// time, the first in the document. It keeps that right until it is closed.

// How long after the first was seen the others are waited for. They are drawn in any order.
const SETTLE_MS = 500;

/** What of an element is needed to tell which of two comes first. */
export interface Place {
  compareDocumentPosition(other: this): number;
}

export interface Seat {
  /** The playground is seen, at a place in the page; `won` is called once if it is the one. */
  stand(place: Place, won: () => void): void;
}

interface Contender {
  readonly signal: AbortSignal;
  readonly place: Place;
  readonly won: () => void;
}

const FOLLOWING = 4; // Node.DOCUMENT_POSITION_FOLLOWING

export class Contest {
  private readonly present = new Set<AbortSignal>();
  private contenders: Contender[] = [];
  private holder: AbortSignal | null = null;

  constructor(private readonly later: (callback: () => void, delay: number) => void) {}

  enter(signal: AbortSignal): Seat {
    this.present.add(signal);
    signal.addEventListener("abort", () => this.present.delete(signal));
    return { stand: (place, won) => this.stand({ signal, place, won }) };
  }

  private stand(contender: Contender): void {
    if (this.contenders.some(({ signal }) => signal === contender.signal)) return;
    this.contenders.push(contender);
    if (this.contenders.length > 1) return;
    // One that is alone in its page need not wait for others.
    if (this.present.size === 1) this.decide();
    else this.later(() => this.decide(), SETTLE_MS);
  }

  private decide(): void {
    const [...standing] = this.contenders.filter(({ signal }) => !signal.aborted);
    this.contenders = [];
    if (this.holder !== null && !this.holder.aborted) return;
    const [first] = standing.sort((a, b) =>
      (a.place.compareDocumentPosition(b.place) & FOLLOWING) !== 0 ? -1 : 1,
    );
    if (first === undefined) return;
    this.holder = first.signal;
    first.won();
  }
}
