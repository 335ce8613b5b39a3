// Lets this browser be woken: a <form data-module="reach" data-key data-policy data-worker data-scope> that carries the subscription, with [data-says] for what went wrong.
export function start(form) {
  const button = form.querySelector("[data-add]");
  const say = (what) => {
    for (const line of form.querySelectorAll("[data-says]")) line.hidden = line.dataset.says !== what;
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
      form.elements.subscription.value = JSON.stringify(await subscribe(form.dataset));
      form.requestSubmit();
    } catch {
      say("failed");
    } finally {
      button.disabled = false;
    }
  });
}

// Browsers that know trusted types start a worker only by the policy that the page was given, and make it once.
let policy;

function trusted(address, name) {
  if (!window.trustedTypes) return address;
  policy ??= trustedTypes.createPolicy(name, { createScriptURL: (url) => url });
  return policy.createScriptURL(address);
}

let worker;

async function subscribe({ key, policy: name, worker: address, scope }) {
  worker ??= navigator.serviceWorker.register(trusted(address, name), { scope, updateViaCache: "none" });
  await worker.catch((error) => {
    worker = undefined;
    throw error;
  });
  const { pushManager } = await navigator.serviceWorker.ready;
  await (await pushManager.getSubscription())?.unsubscribe(); // it may be for another key, or somebody else's
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}
