// Keeps a page fresh: <div data-module="view" data-view="console" data-live="/live">, with data-region on what changes.
import { connect, on, send } from "./live.js";
import { refresh } from "./refresh.js";

const poll = 15_000; // without a socket

export function start(element) {
  follow(element, () => refresh());
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
  on("ended", () => location.reload());
  connect(live, () => send({ t: "watch", view }));
}
