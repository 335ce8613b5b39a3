// Keeps a page fresh: <div data-module="view" data-view="console" data-live="/live">, with data-region on what changes. With data-thread and
// data-from it follows a thread of the forum.
import { connect, on, send } from "./live.js";
import { refresh } from "./refresh.js";

const poll = 15_000; // without a socket

export function start(element) {
  follow(element, element.dataset.thread ? reader() : () => refresh());
}

// What is fetched counts as read: a thread is fetched when somebody looks. Very many may read it: they do not all come in the same moment. News of a thread
// come once, so that a page which could not be fetched is asked for again.
function reader() {
  let waits = false;
  const look = async () => {
    waits = false;
    if (!(await refresh())) setTimeout(look, 5_000);
  };
  return () => {
    if (waits) return;
    waits = true;
    if (document.visibilityState === "hidden") document.addEventListener("visibilitychange", look, { once: true });
    else setTimeout(look, 1_000 * Math.random());
  };
}

// follow calls changed(frame) when the element's view changed, and now and then while there is no line to hear it by.
export function follow(element, changed) {
  const { view, live } = element.dataset;
  let timer = 0;
  on("changed", (frame) => {
    if (frame.view === view && element.isConnected) changed(frame);
  });
  on("open", () => {
    clearInterval(timer);
    timer = 0;
  });
  on("blocked", () => {
    timer ||= setInterval(() => {
      if (!element.isConnected) clearInterval(timer);
      else if (document.visibilityState === "visible") changed({ view });
    }, poll);
  });
  on("ended", leave);
  connect(live, () => send(wish(element)));
}

// leave shows what a visitor is shown, when the session is over. Words that are not kept yet stay, and nothing else of the page.
function leave() {
  const writing = document.querySelector("form[data-unsaved]");
  if (!writing) {
    location.reload();
    return;
  }
  for (const part of document.querySelectorAll("[data-region], [data-grows]")) {
    if (!part.contains(writing)) part.replaceChildren();
  }
}

// wish is the frame that asks for news of the element's view. A thread is compared with what the page shows of it now.
function wish({ dataset: { view, thread, from } }) {
  if (!thread) return { t: "watch", view };
  return { t: "follow", thread, from: Number(from), known: document.querySelector("[data-mark]").dataset.mark };
}
