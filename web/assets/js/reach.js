// Lets this browser be woken when an alert waits: a <section data-module="reach" data-key data-policy> with a form that carries the subscription, and [data-says] for what went wrong.
export function start(section) {
  const form = section.querySelector("form");
  const button = section.querySelector("[data-add]");
  const say = (what) => {
    for (const line of section.querySelectorAll("[data-says]")) line.hidden = line.dataset.says !== what;
  };
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    say("unable"); // on an iPhone only from the home screen
    return;
  }
  button.hidden = false;
  form.addEventListener("submit", async (event) => {
    if (form.elements.subscription.value) return;
    event.preventDefault();
    button.disabled = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") return say("refused");
      form.elements.subscription.value = JSON.stringify(await subscribe(section.dataset));
      form.requestSubmit();
    } catch {
      say("failed");
    } finally {
      button.disabled = false;
    }
  });
}

const address = "/push.js";

// Browsers that know trusted types start a worker only by the policy that the page was given.
function trusted(name) {
  if (!window.trustedTypes) return address;
  return trustedTypes.createPolicy(name, { createScriptURL: () => address }).createScriptURL(address);
}

let worker;

async function subscribe({ key, policy }) {
  worker ??= navigator.serviceWorker.register(trusted(policy), { scope: "/reach", updateViaCache: "none" });
  await worker.catch((error) => {
    worker = undefined;
    throw error;
  });
  const { pushManager } = await navigator.serviceWorker.ready;
  await (await pushManager.getSubscription())?.unsubscribe(); // it may be for another key, or somebody else's
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}
