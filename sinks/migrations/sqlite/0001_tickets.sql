-- Times are UTC, ISO 8601, always with microseconds, so that they sort as text.
-- Ids are lower-case UUIDs; every one but messages.number comes from the events.

CREATE TABLE customers (
  id    TEXT PRIMARY KEY,
  since TEXT NOT NULL              -- the earliest ticket
) STRICT, WITHOUT ROWID;

-- A customer's addresses. One today; several after a merge.
CREATE TABLE contacts (
  customer_id TEXT NOT NULL REFERENCES customers,
  scheme      TEXT NOT NULL,
  address     TEXT NOT NULL,
  name        TEXT NOT NULL,       -- the last one that was not empty
  named_at    TEXT NOT NULL,       -- when that was; '' while there is none
  PRIMARY KEY (scheme, address, customer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_by_customer ON contacts (customer_id);

CREATE TABLE conversations (
  id          TEXT PRIMARY KEY,
  customer_id TEXT NOT NULL REFERENCES customers,
  channel     TEXT NOT NULL,
  account     TEXT NOT NULL,
  opened_at   TEXT NOT NULL        -- the earliest ticket
) STRICT, WITHOUT ROWID;

-- The newest revision that has arrived.
CREATE TABLE tickets (
  id              TEXT PRIMARY KEY,
  revision        INTEGER NOT NULL,
  conversation_id TEXT NOT NULL REFERENCES conversations,
  customer_id     TEXT NOT NULL REFERENCES customers,
  scheme          TEXT NOT NULL,   -- of the customer's address in this ticket
  address         TEXT NOT NULL,
  name            TEXT NOT NULL,
  channel         TEXT NOT NULL,
  account         TEXT NOT NULL,
  subject         TEXT NOT NULL,
  status          TEXT NOT NULL,
  priority        TEXT NOT NULL,
  queue           TEXT NOT NULL,
  opened_at       TEXT NOT NULL,
  updated_at      TEXT NOT NULL,
  messages        INTEGER NOT NULL,
  follows         TEXT NOT NULL,   -- the closed ticket that this one follows, or ''
  merged_into     TEXT NOT NULL,   -- the ticket that this one is part of, or ''; it may not have arrived yet
  related_to      TEXT NOT NULL    -- JSON: ids of conversations
) STRICT, WITHOUT ROWID;
CREATE INDEX tickets_by_update ON tickets (updated_at);
CREATE INDEX tickets_by_customer ON tickets (customer_id);
CREATE INDEX tickets_by_merge ON tickets (merged_into) WHERE merged_into <> '';

-- Every message once, with the ticket that it was routed with: merges are followed when it is read.
-- `number` only joins the text index.
CREATE TABLE messages (
  number       INTEGER PRIMARY KEY,
  id           TEXT NOT NULL UNIQUE,
  ticket_id    TEXT NOT NULL REFERENCES tickets,
  revision     INTEGER NOT NULL,   -- the revision of the ticket that it caused
  routed_at    TEXT NOT NULL,      -- that revision's time
  kind         TEXT NOT NULL,
  said_at      TEXT NOT NULL,      -- the sender's clock where it can be believed, else the receiver's
  received_at  TEXT NOT NULL,
  sender       TEXT NOT NULL,      -- the address
  subject      TEXT NOT NULL,
  text         TEXT NOT NULL,
  visible_text TEXT NOT NULL,
  html         TEXT NOT NULL,
  suppressed   TEXT NOT NULL,      -- why it asks nobody to act, or ''
  details      TEXT NOT NULL       -- JSON: the message without subject, texts and attachments
) STRICT;
CREATE INDEX messages_by_ticket ON messages (ticket_id, said_at);

CREATE TABLE attachments (
  message_id   TEXT NOT NULL REFERENCES messages (id),
  position     INTEGER NOT NULL,
  sha256       TEXT NOT NULL,
  size         INTEGER NOT NULL,
  name         TEXT NOT NULL,
  content_type TEXT NOT NULL,
  content_id   TEXT NOT NULL,
  inline       INTEGER NOT NULL,
  PRIMARY KEY (message_id, position)
) STRICT, WITHOUT ROWID;

-- Every revision that has arrived, in whatever order.
CREATE TABLE revisions (
  ticket_id  TEXT NOT NULL REFERENCES tickets,
  revision   INTEGER NOT NULL,
  message_id TEXT NOT NULL,        -- '' for a change of status
  status     TEXT NOT NULL,
  priority   TEXT NOT NULL,
  queue      TEXT NOT NULL,
  at         TEXT NOT NULL,
  PRIMARY KEY (ticket_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
  ticket_id TEXT NOT NULL,
  revision  INTEGER NOT NULL,
  position  INTEGER NOT NULL,
  what      TEXT NOT NULL,
  rule      TEXT NOT NULL,
  result    TEXT NOT NULL,
  because   TEXT NOT NULL,
  PRIMARY KEY (ticket_id, revision, position),
  FOREIGN KEY (ticket_id, revision) REFERENCES revisions
) STRICT, WITHOUT ROWID;

-- Contentless: the words only, under messages.number; texts stand in messages.
CREATE VIRTUAL TABLE words USING fts5 (
  subject, text, sender, content = '', tokenize = 'unicode61 remove_diacritics 2'
);
