-- Messages that their senders took back: their words are not kept, whether they came before or after that.
CREATE TABLE withdrawn (
  message_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- The message that an edit, a deletion or a reaction is about, or ''.
ALTER TABLE messages ADD COLUMN about TEXT NOT NULL DEFAULT '';
CREATE INDEX messages_by_about ON messages (about) WHERE about <> '';
