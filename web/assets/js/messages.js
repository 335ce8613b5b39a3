// The list of messages: each sequence once, in order, made from <template> and textContent. It scrolls in [data-scroll].
//
// <ol data-module="conversation" data-me="1" data-head="17" data-pill-one="{n} nuovo messaggio" data-pill-other="…">
//   <li class="message" data-seq="1" data-from="2" data-cid="…"> with [data-slot=author], [data-slot=text], <time data-slot="time">, [data-slot=state]
// <template id="message-template">, and message-template-joined, message-template-ended, message-template-hidden for what is not text
import { linked } from "./links.js";

const near = 120; // pixels from the end that count as being at the end
const changeFor = 15 * 60_000; // as chat.ChangeFor: after that the server refuses

export class Messages {
  constructor(list) {
    this.list = list;
    this.last = Number(list.dataset.head);
    this.me = Number(list.dataset.me);
    this.names = new Map();
    this.unread = 0;
    this.whenAtEnd = () => {};
    this.pill = document.querySelector("[data-pill]");
    this.time = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    this.plural = new Intl.PluralRules(document.documentElement.lang);
    this.pill?.addEventListener("click", () => this.toEnd());
    this.scroller = list.closest("[data-scroll]");
    this.scroller.addEventListener("scroll", () => {
      this.stuck = this.atEnd();
      if (this.stuck) this.read();
    }, { passive: true });
    this.stuck = true;
    // A banner that comes, a field that grows, a keyboard, what follows when it is over: who is at the end stays there.
    const resized = new ResizeObserver(() => this.stuck && this.toEnd());
    for (const box of [this.scroller, this.scroller.firstElementChild]) resized.observe(box);
    this.toEnd();
    setInterval(() => this.settle(), 30_000);
  }

  // add shows a message if it is the next one, and says whether nothing is missing before it.
  add(message) {
    if (message.seq <= this.last) return true;
    if (message.seq !== this.last + 1) return false;
    this.last = message.seq;
    if (message.about) return this.change(message);
    const stay = message.from !== this.me && !this.atEnd();
    const item = this.own(message.cid) ?? this.make(message.hidden ? "hidden" : message.withdrawn ? "removed" : message.kind);
    item.dataset.seq = message.seq;
    item.dataset.from = message.from;
    item.classList.toggle("message-own", message.from === this.me);
    item.classList.toggle("message-follows", this.follows(message));
    this.fill(item, "author", this.names.get(message.from) ?? "");
    if (message.kind === "text" && !message.hidden && !message.withdrawn) {
      this.fill(item, "text", message.text);
      this.mark(item, message.edited);
      this.changeable(item, message);
    }
    const at = new Date(message.at);
    this.fill(item, "time", this.time.format(at));
    item.querySelector("time")?.setAttribute("datetime", message.at);
    this.list.insertBefore(item, this.list.querySelector("[data-pending]"));
    if (stay) this.count();
    else this.toEnd();
    return true;
  }

  // change puts another text in the place of an earlier message, or says that it was removed. It leaves a mark at its own sequence.
  change({ seq, about, kind, text, withdrawn, hidden, from }) {
    const mark = document.createElement("li");
    mark.hidden = true;
    mark.dataset.seq = seq;
    this.list.insertBefore(mark, this.list.querySelector("[data-pending]"));
    const item = this.list.querySelector(`[data-seq="${about}"]`);
    if (!item || hidden || withdrawn && kind === "edited") return true;
    if (kind === "edited") {
      this.fill(item, "text", text);
      this.mark(item, true);
      return true;
    }
    const note = this.make("removed");
    Object.assign(note.dataset, { seq: about, from });
    this.fill(note, "author", this.names.get(from) ?? item.querySelector("[data-slot=author]")?.textContent ?? "");
    note.querySelector("time")?.replaceWith(item.querySelector("time") ?? "");
    item.replaceWith(note);
    return true;
  }

  says(item) {
    return item.querySelector("[data-slot=text]")?.textContent;
  }

  mark(item, edited) {
    const label = item.querySelector(".message-edited");
    if (label) label.hidden = !edited;
  }

  // changeable leads the writer of a message to where it can be changed.
  changeable(item, { seq, from, at }) {
    const link = item.querySelector(".message-edit");
    if (!link || from !== this.me || Date.now() - new Date(at) > changeFor) return;
    link.href = `/rooms/${this.list.dataset.room}/messages/${seq}/edit`;
    link.hidden = false;
  }

  // settle takes the way to change away from messages that are too old for it.
  settle() {
    for (const link of this.list.querySelectorAll(".message-edit:not([hidden])")) {
      const at = link.closest("li").querySelector("time")?.getAttribute("datetime");
      if (Date.now() - new Date(at) > changeFor) link.hidden = true;
    }
  }

  // adopt shows what a freshly loaded page has beyond the last message, where there is no socket, and what was changed meanwhile.
  adopt(page) {
    for (const item of page.querySelectorAll(`#${CSS.escape(this.list.id)} > [data-seq]`)) {
      const seq = Number(item.dataset.seq);
      const shown = seq <= this.last && this.list.querySelector(`[data-seq="${seq}"]`);
      if (shown && this.says(shown) !== this.says(item)) shown.replaceWith(document.adoptNode(item));
      if (seq !== this.last + 1) continue;
      this.last = seq;
      const stay = Number(item.dataset.from) !== this.me && !this.atEnd();
      this.own(item.dataset.cid)?.remove();
      this.list.insertBefore(document.adoptNode(item), this.list.querySelector("[data-pending]"));
      if (stay) this.count();
      else this.toEnd();
    }
  }

  // pending shows what is on its way; it becomes the message when that comes.
  pending(cid, text) {
    const item = this.make("text");
    item.dataset.pending = cid;
    item.classList.add("message-own");
    this.fill(item, "text", text);
    this.list.append(item);
    this.toEnd();
    return item;
  }

  own(cid) {
    const item = cid && this.list.querySelector(`[data-pending="${CSS.escape(cid)}"]`);
    if (!item) return null;
    delete item.dataset.pending;
    return item;
  }

  make(kind) {
    const own = document.getElementById(kind === "text" ? "message-template" : `message-template-${kind}`);
    return (own ?? document.getElementById("message-template")).content.firstElementChild.cloneNode(true);
  }

  fill(item, slot, text) {
    item.querySelector(`[data-slot="${slot}"]`)?.replaceChildren(...(slot === "text" ? linked(text) : [text]));
  }

  // follows: by the same writer within a minute, and nothing happened between.
  follows({ from, at, kind }) {
    const before = this.list.querySelector(`[data-seq="${this.last - 1}"]`);
    const then = before?.querySelector("time")?.getAttribute("datetime");
    if (before?.classList.contains("message-note")) return false;
    return kind === "text" && Number(before?.dataset.from) === from && new Date(at) - new Date(then) < 60_000;
  }

  named(people) {
    for (const { n, alias } of people) {
      this.names.set(n, alias);
      for (const item of this.list.querySelectorAll(`[data-from="${n}"]`)) this.fill(item, "author", alias);
    }
  }

  atEnd() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < near;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.stuck = true;
    this.read();
  }

  count() {
    this.unread++;
    if (!this.pill) return;
    const { dataset } = this.list;
    const text = this.plural.select(this.unread) === "one" ? dataset.pillOne : dataset.pillOther;
    this.pill.textContent = text.replace("{n}", this.unread);
    this.pill.hidden = false;
  }

  read() {
    this.unread = 0;
    if (this.pill) this.pill.hidden = true;
    this.whenAtEnd();
  }

  // readUpTo marks the last of one's own messages that somebody else has had before their eyes.
  readUpTo(people) {
    const seq = Math.max(0, ...people.filter(({ n }) => n !== this.me).map(({ read }) => read ?? 0));
    let last = null;
    for (const item of this.list.querySelectorAll(`[data-from="${this.me}"]`)) if (item.querySelector(".message-read") && Number(item.dataset.seq) <= seq) last = item;
    for (const mark of this.list.querySelectorAll(".message-read")) mark.hidden = mark.closest("li") !== last;
  }
}
