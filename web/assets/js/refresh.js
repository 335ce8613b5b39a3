// Fetches a page again, with the reader's own rights, and exchanges the parts of it that changed: elements with data-region.
// XMLHttpRequest makes a document without scripts and without parsing text by hand, which Trusted Types forbid.
import { same, stand, unfold } from "./stand.js";
import { stays, typing, written } from "./typed.js";

export function load(url, body) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(body ? "POST" : "GET", url);
    request.responseType = "document";
    request.timeout = 10_000;
    request.onload = () => {
      if (request.status < 400 && request.response) resolve(request.response);
      else reject(Object.assign(new Error("refused"), { status: request.status, page: request.response }));
    };
    request.onerror = request.ontimeout = () => reject(Object.assign(new Error("no answer"), { status: 0 }));
    request.send(body);
  });
}

// What a finger or a button is down on, and the page whose exchange waits until it is up: a control that is exchanged between
// the two loses the click.
let pressed = null;
let late = null;
let retry = 0; // timer of the look for what could not be exchanged

addEventListener("pointerdown", ({ target }) => (pressed = target), { capture: true });
for (const type of ["pointerup", "pointercancel"]) addEventListener(type, () => setTimeout(released, 50), { capture: true }); // the click comes after it

function released() {
  const page = late;
  pressed = late = null;
  if (page) exchange(page);
}

// exchange takes over the regions of a page that differ. What somebody is writing in or pressing on stays as it is.
export function exchange(page) {
  late = null; // what waited is older
  const place = standing();
  for (const old of document.querySelectorAll("[data-region]")) {
    const fresh = page.querySelector(`[data-region="${CSS.escape(old.dataset.region)}"]`);
    if (old.contains(pressed)) {
      late = page;
      continue;
    }
    if (fresh) unfold(old, fresh);
    if (fresh && old.isEqualNode(fresh)) continue;
    if (busy(old, fresh)) stays(old, fresh);
    else if (fresh) replace(old, fresh);
    else old.replaceChildren();
  }
  for (const list of document.querySelectorAll("[data-grows]")) {
    const fresh = page.querySelector(`[data-grows="${CSS.escape(list.dataset.grows)}"]`);
    if (fresh) grow(list, fresh);
  }
  place?.();
}

// standing remembers where the item stands that the reader has before them, and gives what brings it back there: what is exchanged above it may have
// another height. Not every browser does it, none of them before the next frame.
function standing() {
  const item = scrollY > 0 && [...document.querySelectorAll("[data-grows] > [id]")].find((it) => it.getBoundingClientRect().bottom > 0);
  if (!item) return null;
  const { top } = item.getBoundingClientRect();
  return () => {
    const here = document.getElementById(item.id); // it may have been exchanged
    if (here) scrollBy({ top: here.getBoundingClientRect().top - top, behavior: "instant" });
  };
}

// grow takes over the items of a list, each by its id: what changed is exchanged where it stands, what is new comes after what stood before it, and
// nothing moves. Where new items are out of sight, the element with the list's name says so and leads there.
function grow(list, fresh) {
  let last = null;
  let first = null; // that is new
  let kept = false; // one that changed could not be exchanged
  for (const item of [...fresh.children]) {
    const old = item.id && document.getElementById(item.id);
    if (!old) {
      const here = document.adoptNode(item);
      if (last) last.after(here);
      else list.prepend(here);
      last = here;
      first ??= here;
      continue;
    }
    last = old;
    unfold(old, item);
    if (old.isEqualNode(item)) continue;
    if (held(old, item)) {
      kept = true;
      continue;
    }
    last = stand(old, item);
  }
  if (first) lead(document.getElementById(list.dataset.grows), first);
  clearTimeout(retry);
  if (kept) retry = setTimeout(refresh, 3_000);
}

// held is true of what somebody presses on or has marked, and where the focus would be lost.
function held(old, fresh) {
  const marked = getSelection();
  const focus = document.activeElement;
  return old.contains(pressed) || !marked.isCollapsed && marked.containsNode(old, true) || old.contains(focus) && !same(fresh, focus);
}

function lead(sign, item) {
  if (sign.firstChild) return; // it leads to what came first
  const link = document.createElement("a");
  Object.assign(link, { href: `#${item.id}`, textContent: sign.dataset.text });
  const sight = new IntersectionObserver(([{ isIntersecting }]) => {
    if (!isIntersecting) return;
    sight.disconnect();
    sign.replaceChildren();
  });
  sign.replaceChildren(link);
  sight.observe(item);
}

function busy(old, fresh) {
  if (old.querySelector("[data-composer]")) return Boolean(fresh?.querySelector("[data-composer]")); // what was being written is shown among the messages then
  return fresh !== null && typing(old) || written(old);
}

function replace(old, fresh) {
  const here = stand(old, fresh);
  for (const element of [here, ...here.querySelectorAll("[data-module]")]) {
    for (const name of (element.dataset.module ?? "").split(" ")) {
      if (/^[a-z-]+$/.test(name)) import(`./${name}.js`).then((module) => module.start(element));
    }
  }
}

// current is the page anew. What was opened beside a list may be somebody else's by now: the list must go on all the same. A page that is not the
// reader's any more must not stay on the screen either.
async function current() {
  try {
    return await load(location.href);
  } catch (refused) {
    const gone = document.querySelector("[data-gone]")?.dataset.gone;
    if (refused.status === 404 && gone) {
      if (written(document)) return leave(gone);
      location.replace(gone);
    }
    const home = document.querySelector("[data-home]")?.dataset.home;
    if (refused.status !== 404 || !home) throw refused;
    return load(home);
  }
}

// leave takes everything from a page that is not the reader's any more but what they have written.
function leave(gone) {
  for (const part of document.querySelectorAll("[data-region]")) if (written(part)) stays(part, null, gone);
  return document.implementation.createHTMLDocument("");
}

let running = null;
let wanted = false;

// refresh brings the page up to date and says whether it could; calls that come while one runs are answered by one more.
export async function refresh() {
  wanted = true;
  running ??= (async () => {
    try {
      while (wanted) {
        wanted = false;
        exchange(await current());
      }
      return true;
    } catch {
      return false; // the next news, or the next look, tries again
    } finally {
      running = null;
    }
  })();
  return running;
}
