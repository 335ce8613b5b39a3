// Leaves at once: by the button, or by Shift three times within two seconds.
//
// It replaces the page with an empty one, about:blank: no request is awaited and no other site is told anything, the address bar
// names nobody, and the entry in the history is overwritten. What was typed is cleared first, so that going back
// shows nothing; the session is ended in the background by a request that outlives the page.
const presses = 3;
const within = 2000;

export function start(form) {
  let times = [];
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leave(form.action);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Shift") {
      times = [];
      return;
    }
    if (event.repeat) return;
    times = [...times.slice(1 - presses), event.timeStamp];
    if (times.length === presses && times[presses - 1] - times[0] < within) leave(form.action);
  });
  // A page kept in memory for the back button would show what was just left.
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}

function leave(action) {
  for (const field of document.querySelectorAll("input:not([type=hidden]), textarea")) field.value = "";
  document.title = " ";
  document.documentElement.hidden = true;
  fetch(action, { method: "POST", keepalive: true, redirect: "manual" }).catch(() => {});
  location.replace("about:blank");
}
