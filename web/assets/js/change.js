// Changes a message where it stands, so that what is being written below is not lost. Without this the link leads to a page that does the same,
// and the forms are that page's own.
//
// <li class="message" data-seq="7"> … <a class="message-edit" href="/rooms/…/messages/7/edit">
// The page: <main> with form[action$="/edit"], form[action$="/remove"] and a link back in .actions.
import { load } from "./refresh.js";

// changes listens to the list; take is given the page of the conversation as it is after a change.
export function changes(list, take) {
  list.addEventListener("click", async (event) => {
    const link = event.target.closest?.(".message-edit");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    try {
      open(link, await load(link.href), take);
    } catch {
      location.assign(link.href); // it says why not
    }
  });
}

function open(link, page, take) {
  const item = link.closest("li");
  item.querySelector(".message-change")?.remove();
  const panel = document.createElement("div");
  panel.className = "message-change";
  panel.ariaLive = "off";
  fill(panel, page);
  item.append(panel);
  panel.querySelector("textarea")?.focus();
  const close = () => {
    const within = panel.contains(document.activeElement);
    panel.remove();
    if (within) link.focus({ preventScroll: true });
  };
  panel.addEventListener("click", (event) => {
    if (!event.target.closest?.(".actions a")) return;
    event.preventDefault();
    close();
  });
  panel.addEventListener("keydown", ({ key }) => key === "Escape" && close());
  panel.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    if (panel.ariaBusy) return; // one answer at a time
    panel.ariaBusy = "true";
    try {
      const after = await load(form.action, new URLSearchParams(new FormData(form)));
      close();
      take(after);
    } catch ({ status, page: refused }) {
      if (!panel.isConnected) return; // left meanwhile
      if (status === 422 && refused) fill(panel, refused);
      else say(panel, refused?.querySelector("main .lead")?.textContent ?? panel.closest("[data-not-sent]").dataset.notSent);
    } finally {
      panel.ariaBusy = null;
    }
  });
}

// say tells why it was not done; what was written stays.
function say(panel, text) {
  const why = panel.querySelector("[data-why]") ?? document.createElement("p");
  Object.assign(why, { className: "field-mistake", role: "alert", textContent: text });
  why.dataset.why = "";
  panel.prepend(why);
}

// fill puts the forms of the page into the panel. Ids there are those of a whole page: here another field may have one.
function fill(panel, page) {
  const forms = [...page.querySelectorAll('main form[action*="/messages/"]')];
  panel.replaceChildren(...forms.map((form) => document.adoptNode(form)));
  for (const element of panel.querySelectorAll("[id]")) {
    for (const user of panel.querySelectorAll(`[for="${CSS.escape(element.id)}"]`)) user.htmlFor = `change-${element.id}`;
    for (const user of panel.querySelectorAll("[aria-describedby]")) {
      user.setAttribute("aria-describedby", user.getAttribute("aria-describedby").split(" ").map((id) => id === element.id ? `change-${id}` : id).join(" "));
    }
    element.id = `change-${element.id}`;
  }
}
