// What was written here and is not yet known to be stored. It lives in the memory of this tab only.
//
// A bubble says "sending" until the server's answer, "sent" only after it, and "not sent" with a button to try again when
// none comes; a message keeps its cid, so that sending it again can never double it.
import { newCID } from "./cid.js";

const patience = 10_000;

export class Outbox {
  // put(item) hands a message to the line and says whether there was one; texts are the list's data-sending, data-sent, data-not-sent.
  constructor(messages, texts, put) {
    this.messages = messages;
    this.texts = texts;
    this.put = put;
    this.waiting = new Map();
  }

  write(text) {
    const cid = newCID();
    const item = { cid, text, bubble: this.messages.pending(cid, text), timer: 0, shown: 0 };
    this.waiting.set(cid, item);
    this.try(item);
  }

  // keep shows what can no longer be sent.
  keep(text) {
    const cid = newCID();
    this.waiting.set(cid, { cid, text, bubble: this.messages.pending(cid, text), timer: 0, shown: 0, kept: true });
    this.failed(cid, true);
  }

  try(item) {
    this.show(item, "sending");
    clearTimeout(item.timer);
    item.timer = setTimeout(() => this.failed(item.cid), patience);
    this.put(item);
  }

  // again sends what is unanswered, after the line came back.
  again() {
    for (const item of this.waiting.values()) if (!item.refused) this.try(item);
  }

  stored(cid) {
    const item = this.waiting.get(cid);
    if (!item) return;
    clearTimeout(item.timer);
    this.waiting.delete(cid);
    for (const old of this.messages.list.querySelectorAll(".message-state-sent")) old.textContent = ""; // only under the last one
    this.show(item, "sent");
  }

  // failed shows that a message is not known to be stored. Refused for good, it is not tried again by itself.
  failed(cid, refused = false) {
    const item = this.waiting.get(cid);
    if (!item) return;
    clearTimeout(item.timer);
    item.refused = refused;
    this.show(item, "not-sent");
  }

  show(item, state) {
    const place = item.bubble.querySelector("[data-slot=state]");
    const text = { sending: this.texts.sending, sent: this.texts.sent, "not-sent": this.texts.notSent }[state];
    place.className = `message-state message-state-${state}`;
    place.textContent = text;
    const retry = item.bubble.querySelector("[data-retry]");
    retry.hidden = state !== "not-sent" || item.kept;
    retry.onclick = () => {
      item.refused = false;
      this.try(item);
    };
    if (state === "not-sent") announce(text);
  }
}

// announce tells screen readers at once; the list itself is polite.
export function announce(text) {
  const place = document.querySelector("[data-alert]");
  if (place) place.textContent = text;
}
