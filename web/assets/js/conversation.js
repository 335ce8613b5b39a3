// A conversation, live. Without this module the page works by reloading; without a socket it sends by POST and asks for the page.
//
// <ol id="messages" data-module="conversation" data-live="/live" data-room data-head data-me data-epoch data-sending data-sent
//   data-not-sent data-line-down data-session-over> in an element of role="log", see messages.js; <form data-composer> with [name=text] and
// [name=cid]; [data-line-says] says when the line is down, [data-alert] is role="alert", [data-numbers] shows the emergency numbers,
// [data-person="2"] with data-here-text and data-away-text shows whether somebody is there, data-region what the server renders,
// [data-ends-in] holds the seconds until it ends by itself.
import { changes } from "./change.js";
import { grow } from "./composer.js";
import { connect, isOpen, on, send } from "./live.js";
import { Messages } from "./messages.js";
import { announce, Outbox } from "./outbox.js";
import { exchange, load, refresh } from "./refresh.js";
import { fit } from "./viewport.js";

const poll = 5000; // without a socket
const notices = [600_000, 180_000, 0]; // milliseconds before the end at which the page says something else
const typingEvery = 3000; // while somebody writes; the others believe it for twice as long
const settle = 3000; // before it is said that somebody is not there: whoever is has been heard of by then

export function start(list) {
  const { room, live, epoch } = list.dataset;
  const messages = new Messages(list);
  const form = document.querySelector("form[data-composer]");
  const outbox = new Outbox(messages, list.dataset, (item) => isOpen() ? send({ t: "send", room, cid: item.cid, text: item.text }) : post(item));
  const known = { epoch, state: "", people: [], members: "", since: Infinity, read: 0, typed: 0, writing: new Map() };
  let timer = 0;
  let alarm = 0;

  const join = () => send({ t: "join", room, after: messages.last, epoch: messages.last > 0 ? known.epoch : "" });
  const line = (text) => {
    const place = document.querySelector("[data-line-says]");
    if (place) place.textContent = text;
  };

  // post stores a message without a socket, by the form that is there without JavaScript.
  async function post({ cid, text }) {
    if (!form) return;
    const body = new URLSearchParams({ cid, text });
    try {
      take(await load(form.action, body));
      outbox.stored(cid);
    } catch ({ status }) {
      if (status >= 400) outbox.failed(cid, status < 500 && status !== 429);
    }
  }

  function take(page) {
    messages.adopt(page);
    exchange(page);
    presence();
    bounds();
  }

  // renew has the server say again who is here and how things stand. What was being written when it ended stays to be seen.
  async function renew() {
    const draft = form?.isConnected ? form.elements.text.value.trim() : "";
    await refresh();
    if (draft && !form.isConnected) outbox.keep(draft);
    presence();
    bounds();
  }

  // bounds asks for the page again when less time is left than somebody should be told of.
  function bounds() {
    const mark = document.querySelector("[data-ends-in]");
    if (mark !== known.mark) {
      known.mark = mark;
      known.ends = mark ? Date.now() + 1000 * Number(mark.dataset.endsIn) : -Infinity; // goes on while a phone sleeps
    }
    clearTimeout(alarm);
    const next = notices.map((before) => known.ends - before - Date.now()).filter((wait) => wait > 0);
    if (next.length > 0) alarm = setTimeout(renew, Math.min(...next) + 500);
  }

  function presence() {
    const early = performance.now() - known.since < settle;
    if (early) setTimeout(presence, settle);
    for (const { n, here } of known.people) {
      if (early && !here) continue;
      const writing = here && known.writing.get(n) > Date.now();
      for (const place of document.querySelectorAll(`[data-person="${n}"]`)) {
        place.dataset.here = String(here);
        place.textContent = writing ? place.dataset.writesText : here ? place.dataset.hereText : place.dataset.awayText;
      }
    }
  }

  // typing lets the others know that something is coming. What is being written stays here.
  function typing(text) {
    if (!text.trim() || Date.now() - known.typed < typingEvery) return;
    known.typed = Date.now();
    send({ t: "typing", room });
  }

  // seen says how far the reader has come, when the end of the conversation is before their eyes.
  function seen() {
    if (document.visibilityState !== "visible" || !messages.stuck || messages.last <= known.read) return;
    if (send({ t: "read", room, seq: messages.last })) known.read = messages.last;
  }

  const ours = (type, f) => on(type, (frame) => frame.room === room && f(frame));
  ours("message", (frame) => {
    known.writing.delete(frame.from);
    if (!messages.add(frame)) join();
    else if (frame.cid) outbox.stored(frame.cid);
    if (known.people.some(({ read }) => read >= frame.seq)) messages.readUpTo(known.people); // heard of before the message itself
    presence();
    seen();
  });
  ours("writes", ({ from }) => {
    known.writing.set(from, Date.now() + 2 * typingEvery);
    setTimeout(presence, 2 * typingEvery + 100);
    presence();
  });
  ours("ack", ({ cid }) => outbox.stored(cid));
  ours("caught_up", (frame) => {
    known.epoch = frame.epoch;
    outbox.again();
    known.read = 0;
    seen();
  });
  ours("resync", () => location.reload()); // what is shown belongs to another history
  ours("refused", ({ cid, text, later }) => {
    if (cid) outbox.failed(cid, !later);
    else if (!later) renew();
    announce(text);
  });
  on("heads", ({ rooms }) => {
    if (rooms[room] > messages.last) join();
  });
  ours("people", ({ people }) => {
    messages.named(people);
    known.people = people;
    messages.readUpTo(people);
    const members = JSON.stringify(people.map(({ n, left }) => [n, left]));
    if (known.members && known.members !== members) renew();
    known.members = members;
    presence();
  });
  ours("state", (frame) => {
    if (frame.numbers) for (const place of document.querySelectorAll("[data-numbers]")) place.hidden = false;
    const now = JSON.stringify(frame);
    if (known.state && known.state !== now) renew();
    known.state = now;
  });

  on("open", () => {
    known.since = performance.now();
    line("");
    bounds();
    if (known.ends - Date.now() < notices[0] && known.ends > 0) renew(); // it may have been said while there was no line
    clearInterval(timer);
    timer = 0;
  });
  on("down", () => line(list.dataset.lineDown));
  on("blocked", () => {
    timer ||= setInterval(() => {
      if (document.visibilityState === "visible") load(location.href).then(take, () => {});
    }, poll);
  });
  on("ended", () => {
    line(list.dataset.sessionOver); // not left by itself: what is not sent is still here
    clearInterval(timer);
  });

  // Asking for more time, deciding about a handover card, or giving something to read does not take away what is being written.
  document.addEventListener("submit", (event) => {
    const asking = event.target;
    if (!asking.closest('[data-region="time"], [data-region="about"], [data-region="given"]')) return;
    event.preventDefault();
    load(asking.action, new URLSearchParams(new FormData(asking))).then(take, ({ page }) => {
      const why = page?.querySelector(".error-summary li")?.textContent.trim();
      if (why) line(why);
      else renew();
    });
  });
  changes(list, take);
  bounds();
  fit();
  document.addEventListener("visibilitychange", seen);
  messages.whenAtEnd = seen;
  if (form) grow(form, (text) => outbox.write(text), typing);
  connect(live, join);
}
