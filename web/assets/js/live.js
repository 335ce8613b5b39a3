// The one socket of a page. It comes back by itself, after a random delay that grows with each failure or when the server
// says so, and notices a line that broke without a word because the server's heads stop coming. docs/protocol.md has the frames.
// <html data-socket="open"> or "down" tells styles, and whoever looks from outside, how it stands.
const shortest = 500;
const longest = 30_000;
const stayAway = new Set([1009, 4002, 4003, 4010]);
const ended = 4010;

const handlers = new Map(); // frame type, or "open", "down", "blocked", "ended" -> functions
const opening = []; // functions that say what to send on each new line
let url = "";
let socket = null;
let failures = 0; // lines that never opened, in a row
let attempts = 0;
let again = 0; // timer of the next attempt
let watchdog = 0; // timer that ends a silent line
let beat = 10_000;
let over = false;

// on calls f(frame) for each frame of a type; "open" and "down" tell of the line itself, "blocked" that it seems not to be
// possible from here, "ended" that the session is over.
export function on(type, f) {
  if (!handlers.has(type)) handlers.set(type, []);
  handlers.get(type).push(f);
}

// connect opens the line at a path, once, and calls hello after each opening: it sends what the page wants to hear.
export function connect(path, hello) {
  opening.push(hello);
  if (url) {
    if (isOpen()) hello();
    return;
  }
  url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("offline", drop);
  addEventListener("pageshow", wake);
  addEventListener("pagehide", () => socket?.close());
  open();
}

// send says whether the frame went onto a line; whether it arrived only an answer tells.
export function send(frame) {
  if (!isOpen()) return false;
  socket.send(JSON.stringify(frame));
  return true;
}

export function isOpen() {
  return socket?.readyState === WebSocket.OPEN;
}

function emit(type, value) {
  for (const f of handlers.get(type) ?? []) f(value);
}

function open() {
  clearTimeout(again);
  again = 0;
  if (over || (socket && socket.readyState <= WebSocket.OPEN)) return;
  const line = new WebSocket(url);
  let opened = false;
  let wait = 0;
  socket = line;
  expect(15_000);
  line.onopen = () => {
    opened = true;
    failures = 0;
  };
  line.onmessage = (event) => {
    if (socket !== line) return;
    const frame = JSON.parse(event.data);
    expect(2.5 * beat);
    if (frame.t === "welcome") {
      beat = 1000 * frame.beat;
      attempts = 0;
      emit("open");
      for (const hello of opening) hello(frame);
      document.documentElement.dataset.socket = "open";
    }
    if (frame.t === "bye") wait = 1000 * (frame.retry_after ?? 0);
    emit(frame.t, frame);
  };
  line.onclose = (event) => {
    if (socket !== line) return;
    socket = null;
    clearTimeout(watchdog);
    document.documentElement.dataset.socket = "down";
    emit("down");
    if (stayAway.has(event.code)) {
      over = true;
      emit(event.code === ended ? "ended" : "blocked");
      return;
    }
    if (!opened && ++failures >= 2) probe();
    wait ||= 1000 * Number(/retry_after=([\d.]+)/.exec(event.reason)?.[1] ?? 0);
    later(wait);
  };
}

// later tries again after a random time that grows up to half a minute, and never before the server wants it.
function later(atLeast) {
  const most = Math.min(longest, shortest * 2 ** attempts++);
  clearTimeout(again);
  again = setTimeout(open, atLeast + Math.random() * most);
}

// expect ends the line if nothing comes in time.
function expect(ms) {
  clearTimeout(watchdog);
  watchdog = setTimeout(drop, ms);
}

function drop() {
  const line = socket;
  if (!line) return;
  line.onclose({ code: 1006, reason: "" }); // the browser may take minutes to notice what we know
  line.close();
}

// wake tries the line when a device or a tab comes back: one that is gone is not waited for.
function wake() {
  if (over || document.visibilityState !== "visible") return;
  if (isOpen()) {
    send({ t: "beat" });
    expect(5000);
  } else if (again) {
    open();
  }
}

// probe asks by plain HTTP why no line opens: a browser does not tell.
async function probe() {
  emit("blocked");
  try {
    const answer = await fetch(new URL(url.pathname, location.href), { cache: "no-store" });
    if (answer.status === 401) {
      over = true;
      clearTimeout(again);
      emit("ended");
    }
  } catch {
    // no network at all: the next attempt comes by itself
  }
}
