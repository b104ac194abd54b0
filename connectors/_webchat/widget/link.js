// The line to the edge: a socket, or polling where sockets do not get through. It comes back by itself, and sends what waits.

const SECOND = 1000;
const ANSWER_SECONDS = 30; // the edge waits ten for its broker
const QUIET_SECONDS = 25;
const POLLED_MINUTES = 2; // until a socket is tried again

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

class Refused extends Error {
  constructor(refusal) {
    super(refusal.detail);
    this.refusal = refusal;
  }
}

class Link {
  // `on` has: state(name), said(entry), forget(), read(id), typing(name), refused(message, detail)
  constructor(base, store, on) {
    Object.assign(this, { base, store, on, state: "idle", failures: 0, pending: new Map(), written: new Set(), living: new Set() });
    this.identity = () => "";
    addEventListener("online", () => this.state === "offline" && this.again(Math.random() * SECOND));
    addEventListener("offline", () => this.state !== "idle" && this.state !== "moved" && this.lost());
    addEventListener("storage", (event) => event.key === `${store.prefix}session` && this.changedElsewhere());
  }

  start() {
    if (this.state === "idle") this.connect();
  }

  become(state) {
    this.state = state;
    this.on.state(state);
  }

  async connect() {
    if (this.state === "moved" || this.state === "connecting") return;
    if (!navigator.onLine) return this.become("offline");
    this.become("connecting");
    const life = (this.life = {}); // whatever belongs to an earlier connection sees that it is over
    try {
      const identity = await this.identity();
      if (!this.store.read("session")) await alone(this.store.prefix, () => this.first(identity));
      if (life === this.life) this.open(life, identity);
    } catch (error) {
      if (life === this.life) this.lost(error);
    }
  }

  // Alone, for two tabs that are opened at once must not make two sessions.
  async first(identity) {
    if (!this.store.read("session")) this.keep(await this.post("hello", this.hello(identity)));
  }

  hello(identity) {
    const kept = this.store.read("session");
    return {
      type: "hello",
      token: kept?.token ?? "",
      identity: identity || "",
      after: this.store.newest(),
      continues: Boolean(kept && this.store.here(kept.session)),
      email: this.store.read("profile", {}).email ?? "",
    };
  }

  open(life, identity) {
    const socket = (this.socket = new WebSocket(`${this.base.replace(/^http/, "ws")}/socket`));
    let heard = Date.now();
    let welcome = false;
    const watch = setInterval(() => {
      if (Date.now() - heard > 2 * QUIET_SECONDS * SECOND) socket.close();
      else if (Date.now() - heard > QUIET_SECONDS * SECOND && welcome) socket.send('{"type":"ping"}');
    }, 5 * SECOND);
    socket.onopen = () => socket.send(JSON.stringify(this.hello(identity)));
    socket.onmessage = (event) => {
      if (life !== this.life) return;
      heard = Date.now();
      const frame = JSON.parse(event.data);
      if (frame.type === "welcome") {
        welcome = true;
        this.welcomed(frame);
      } else if (!welcome) {
        this.refusal = frame;
      } else {
        this.take(frame);
      }
    };
    socket.onclose = () => {
      clearInterval(watch);
      if (life !== this.life) return;
      const refusal = this.refusal;
      this.refusal = null;
      if (welcome || refusal) this.lost(refusal && new Refused(refusal));
      else this.poll(life, identity);
    };
  }

  // The socket did not open: either no socket gets through, or the edge is away. A plain request tells.
  async poll(life, identity) {
    this.socket = null;
    const until = Date.now() + POLLED_MINUTES * 60 * SECOND;
    try {
      this.welcomed(await this.post("hello", this.hello(identity)));
      while (life === this.life && Date.now() < until) {
        await pause((document.hidden ? 15 : 3) * SECOND);
        if (life !== this.life) return;
        const answer = await this.fetch(`news?after=${this.store.newest()}`, {});
        answer.news.forEach((entry) => this.take(entry));
      }
      if (life === this.life) this.again(0);
    } catch (error) {
      if (life === this.life) this.lost(error);
    }
  }

  keep(welcome) {
    if (welcome.forget) {
      const own = this.store.waiting().filter((message) => this.written.has(message.id));
      this.store.forget();
      own.forEach((message) => this.store.wait(message)); // whoever is here now wrote it while we asked who he is
      this.on.forget();
    }
    this.session = welcome.session;
    this.store.write("session", { session: welcome.session, token: welcome.token, identified: welcome.identified });
    this.store.stay(welcome.session);
  }

  welcomed(welcome) {
    this.keep(welcome);
    this.failures = 0;
    welcome.news.forEach((entry) => this.take(entry));
    this.become("online");
    this.send();
  }

  take(frame) {
    if (frame.type === "said") {
      this.store.sent(frame.by === "visitor" ? frame.id : "");
      this.store.add(frame);
      this.on.said(frame);
    }
    if (frame.type === "read") this.on.read(frame.id);
    if (frame.type === "typing") this.on.typing(frame.name);
    if (frame.id) this.pending.get(frame.id)?.(frame);
  }

  // One message at a time and one tab, the oldest first: so they arrive in the order in which they were written.
  async send() {
    if (this.sending) return;
    this.sending = true;
    try {
      await alone(`${this.store.prefix}send`, () => this.sendAll());
    } catch (error) {
      if (this.state === "online") this.lost(error);
    } finally {
      this.sending = false;
    }
    if (this.state === "online" && (await this.next())) this.send(); // written in this very moment
  }

  async sendAll() {
    for (let message; this.state === "online" && (message = await this.next()); ) {
      const { tab: _, ...frame } = message;
      const answer = await this.ask(frame);
      if (answer.type !== "refused") continue;
      if (answer.status === 401) throw new Refused(answer);
      if (answer.retry_after) {
        await pause(answer.retry_after * SECOND * (1 + Math.random()));
        continue;
      }
      this.store.sent(message.id);
      this.on.refused(message, answer.detail);
    }
  }

  // The oldest that is ours to send: written in this tab, or in one that is closed. What another has just sent may still
  // seem to wait, for storage reaches each tab in its own time.
  async next() {
    for (const message of this.store.waiting()) if (message.tab === this.tab || (await this.closed(message.tab))) return message;
  }

  // A tab that has written holds a lock for as long as it lives. When it is closed, what it leaves is sent.
  async closed(tab) {
    if (!navigator.locks || (await navigator.locks.request(tab, { ifAvailable: true }, Boolean))) return true;
    if (this.living.has(tab)) return false;
    this.living.add(tab);
    navigator.locks.request(tab, () => void this.send());
    return false;
  }

  // The edge's answer to a frame that has an id. Fails when the line does: then nobody knows whether it arrived.
  async ask(frame) {
    if (this.socket?.readyState !== WebSocket.OPEN) {
      const answer = await this.post("frames", frame).catch((error) => error.refusal ?? Promise.reject(error));
      this.take(answer);
      return answer;
    }
    return new Promise((resolve, reject) => {
      const over = (settle, value) => {
        clearTimeout(timer);
        this.pending.delete(frame.id);
        settle(value);
      };
      const timer = setTimeout(() => over(reject, new Error("no answer")), ANSWER_SECONDS * SECOND);
      this.pending.set(frame.id, (answer) => over(answer ? resolve : reject, answer ?? new Error("the line is lost")));
      this.socket.send(JSON.stringify(frame));
    });
  }

  types() {
    if (this.state === "online" && this.socket?.readyState === WebSocket.OPEN) this.socket.send('{"type":"typing"}');
  }

  post(name, body) {
    return this.fetch(name, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  }

  async fetch(name, options) {
    const kept = this.store.read("session");
    const headers = { ...options.headers, ...(kept && name !== "hello" && { Authorization: `Bearer ${kept.token}` }) };
    const signal = AbortSignal.timeout(ANSWER_SECONDS * SECOND * (name === "files" ? 4 : 1));
    const answer = await fetch(`${this.base}/${name}`, { ...options, headers, signal, credentials: "omit" });
    const body = await answer.json();
    if (answer.ok) return body;
    const retry = Number(answer.headers.get("Retry-After"));
    throw new Refused({ type: "refused", ...body, ...(retry && { retry_after: retry }) });
  }

  // After a restart of the edge thousands come back: each at a time of its own.
  lost(error) {
    this.failures = this.state === "online" ? 2 : this.failures + 1;
    this.life = {};
    this.socket?.close();
    this.socket = null;
    [...this.pending.values()].forEach((settle) => settle(null));
    this.become(error?.refusal?.reason === "bad-identity" ? "identity" : "offline");
    const most = Math.min(60, 2 ** this.failures) * SECOND;
    this.again((error?.refusal?.retry_after ?? 0) * SECOND + 0.2 * SECOND + Math.random() * most);
  }

  again(milliseconds) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), milliseconds);
  }

  // What was written keeps until it is sent.
  write(message) {
    this.written.add(message.id);
    if (!this.tab) navigator.locks?.request((this.tab = message.id), () => new Promise(() => {}));
    this.store.wait({ ...message, tab: this.tab });
    this.send();
  }

  // The page says who is logged in; `source` is a token, or a function that brings a fresh one.
  identify(source) {
    this.identity = typeof source === "function" ? source : () => source || "";
    if (this.state === "idle") return;
    this.written.clear();
    this.life = {};
    this.socket?.close();
    this.become("offline");
    this.again(0);
  }

  changedElsewhere() {
    const kept = this.store.read("session");
    if (!kept || !this.session || kept.session === this.session || this.state === "idle") return;
    this.life = {};
    this.socket?.close();
    clearTimeout(this.timer);
    this.become("moved");
  }
}

// One tab at a time, where the browser can (it must have come over https).
async function alone(name, work) {
  return navigator.locks ? navigator.locks.request(name, work) : work();
}
