// What this browser keeps: the session, what was said, and what waits to be sent. In memory where storage is blocked or full.

class Store {
  constructor(base) {
    this.prefix = `switchboard ${base} `;
    this.memory = new Map();
    try {
      this.area = window.localStorage;
    } catch {
      this.area = null;
    }
  }

  read(key, otherwise = null) {
    try {
      const text = this.memory.get(key) ?? this.area?.getItem(this.prefix + key);
      return text ? JSON.parse(text) : otherwise;
    } catch {
      return otherwise;
    }
  }

  write(key, value) {
    const text = JSON.stringify(value);
    try {
      if (!this.area) throw new Error("no storage");
      this.area.setItem(this.prefix + key, text);
      this.memory.delete(key);
    } catch {
      this.memory.set(key, text);
    }
  }

  drop(key) {
    this.memory.delete(key);
    try {
      this.area?.removeItem(this.prefix + key);
    } catch {
      // It was never there.
    }
  }

  keys() {
    const found = new Set(this.memory.keys());
    for (let index = 0; index < (this.area?.length ?? 0); index += 1) {
      const key = this.area.key(index);
      if (key.startsWith(this.prefix)) found.add(key.slice(this.prefix.length));
    }
    return [...found];
  }

  // Each waiting message has a key of its own, so that two tabs never overwrite each other's.
  waiting() {
    return this.keys()
      .filter((key) => key.startsWith("waiting "))
      .map((key) => this.read(key))
      .filter(Boolean)
      .sort((a, b) => a.at - b.at);
  }

  wait(message) {
    this.write(`waiting ${message.id}`, message);
  }

  sent(id) {
    this.drop(`waiting ${id}`);
  }

  entries() {
    return this.read("entries", []);
  }

  // True when the entry is new here. Another tab may have stored it first.
  add(entry) {
    const entries = this.entries();
    if (entries.some((each) => each.id === entry.id && each.by === entry.by)) return false;
    entries.push(entry);
    entries.sort((a, b) => a.n - b.n);
    this.write("entries", entries.slice(-200));
    return true;
  }

  newest() {
    return this.entries().at(-1)?.n ?? 0;
  }

  forget() {
    for (const key of this.keys()) this.drop(key);
  }

  // Whether this very tab was in the session: another person at this browser seldom uses the same tab.
  here(session) {
    try {
      return sessionStorage.getItem(`${this.prefix}tab`) === session;
    } catch {
      return false;
    }
  }

  stay(session) {
    try {
      sessionStorage.setItem(`${this.prefix}tab`, session);
    } catch {
      // Then logging in begins a new conversation.
    }
  }
}
