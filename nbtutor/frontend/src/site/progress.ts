// What is going on before a lesson is live: a sentence, a bar and the bytes.

const MEGABYTE = 1_000_000;

export class Progress {
  private readonly box = find("nbt-progress");
  private readonly text = find("nbt-progress-text");
  private readonly detail = find("nbt-progress-detail");
  private readonly bar = find("nbt-progress-bar") as HTMLProgressElement;

  /** Half of the bar is what comes over the wire. */
  fetched(bytes: number, total: number | null): void {
    this.say("Fetching the course.");
    const here = (bytes / MEGABYTE).toFixed(1);
    this.detail.textContent =
      total === null ? `${here} MB` : `${here} of ${(total / MEGABYTE).toFixed(1)} MB`;
    if (total === null) this.bar.removeAttribute("value");
    else this.bar.value = bytes / total / 2;
  }

  /** The other half is the work that follows. */
  step(number: number, of: number, what: string): void {
    this.say(`${what}.`);
    this.detail.textContent = `${number} of ${of}`;
    this.bar.value = 0.5 + (number - 1) / of / 2;
  }

  done(): void {
    this.box.hidden = true;
  }

  failed(sentence: string): void {
    this.done();
    const notice = find("nbt-notice");
    notice.textContent = `${sentence} What is here can be read. `;
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Try once more";
    again.addEventListener("click", () => location.reload());
    notice.append(again);
    notice.hidden = false;
  }

  private say(sentence: string): void {
    // Each change is read out, so only what is new is one.
    if (this.text.textContent !== sentence) this.text.textContent = sentence;
  }
}

function find(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element ${id}.`);
  return found;
}
