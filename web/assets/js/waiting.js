// The waiting room: the place as it moves, then into the conversation.
// <section data-module="waiting" data-view="waiting" data-live="/live" data-room-url="/rooms/{room}">
import { refresh } from "./refresh.js";
import { follow } from "./view.js";

export function start(element) {
  follow(element, async ({ place }) => {
    // What somebody wrote and was not sent is on this page only: then they go when they are ready.
    const unsent = document.querySelector("[data-pending]");
    if (place?.state === "in_session" && place.room && !unsent) {
      location.assign(element.dataset.roomUrl.replace("{room}", place.room));
      return;
    }
    if (place?.state === "ended") {
      location.reload();
      return;
    }
    await refresh();
    const titled = document.querySelector("[data-title]"); // whoever looks at another tab sees whose turn it is
    if (titled) document.title = titled.dataset.title;
    const now = document.querySelector("[data-in-session]"); // the page's own way on, when there was no line to hear it by
    if (now && !unsent) location.assign(now.href);
  });
}
