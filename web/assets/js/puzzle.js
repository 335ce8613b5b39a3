// A form that costs a proof of work: the number is looked for while the form is filled in, a little at a time so that typing stays
// smooth. Who sends the form before it is found waits for it, and is told so.
const constants = primes(64).map((p) => fraction(Math.cbrt(p)));
const begin = primes(8).map((p) => fraction(Math.sqrt(p)));

function primes(count) {
  const found = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p)) found.push(n);
  return found;
}

function fraction(x) {
  return ((x - Math.floor(x)) * 2 ** 32) | 0;
}

const words = new Int32Array(64);

// The first word of SHA-256 of a text of at most 55 ASCII characters: one block.
function firstWord(text) {
  words.fill(0, 0, 16);
  for (let i = 0; i < text.length; i++) words[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i & 3));
  words[text.length >> 2] |= 0x80 << (24 - 8 * (text.length & 3));
  words[15] = text.length * 8;
  for (let i = 16; i < 64; i++) {
    const a = words[i - 15];
    const b = words[i - 2];
    const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
    const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = begin;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + constants[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  return (begin[0] + a) | 0;
}

// The answer to a puzzle of up to 32 bits.
async function solve(work, bits) {
  for (let n = 0; ; ) {
    const until = performance.now() + 20;
    do {
      if (Math.clz32(firstWord(`${work}:${n}`)) >= bits) return String(n);
      n++;
    } while (n % 64 || performance.now() < until);
    await new Promise((go) => setTimeout(go));
  }
}

export function start(element) {
  const form = element.closest("form");
  const proof = element.querySelector("[name=proof]");
  const wait = element.querySelector("[data-puzzle-wait]");
  let pressed;
  const found = solve(element.dataset.work, Number(element.dataset.bits)).then((answer) => {
    proof.value = answer;
    if (pressed === undefined) return;
    wait.hidden = true;
    form.requestSubmit(pressed);
  });
  form.addEventListener("submit", (event) => {
    if (proof.value || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    pressed = event.submitter;
    wait.hidden = false;
  });
  return found;
}
