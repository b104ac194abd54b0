-- What the two roles may do: applied after every change of the schema, and as often as you like.
-- Who owns the schema may change it. Logins get one of the roles: GRANT switchboard_writer TO deliver;
-- An owner who may not create roles lets somebody create the two, and runs `switchboard store prepare` again.

SET LOCAL search_path = switchboard;
DO $$
DECLARE role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['switchboard_writer', 'switchboard_reader'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role);
      EXCEPTION
        WHEN insufficient_privilege THEN CONTINUE;
        WHEN duplicate_object OR unique_violation THEN NULL;  -- another database of this server made it just now
      END;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA switchboard TO %I', role);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA switchboard TO %I', role);
  END LOOP;

  REVOKE ALL ON FUNCTION make_month FROM PUBLIC;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'switchboard_writer') THEN
    GRANT EXECUTE ON FUNCTION make_month TO switchboard_writer;
    GRANT INSERT ON customers, contacts, conversations, tickets, revision_rows, decision_rows, message_ids, message_rows,
      attachment_rows TO switchboard_writer;
    GRANT UPDATE (since) ON customers TO switchboard_writer;
    GRANT UPDATE (name, named_at) ON contacts TO switchboard_writer;
    GRANT UPDATE (customer_id, opened_at) ON conversations TO switchboard_writer;
    GRANT UPDATE ON tickets TO switchboard_writer;
    GRANT UPDATE (received_at, withdrawn) ON message_ids TO switchboard_writer;
    -- Where a message belongs may change, and its words may go; nothing else of it.
    GRANT UPDATE (ticket, revision, routed_at, subject, text, visible_text, html, words) ON message_rows
      TO switchboard_writer;
    GRANT DELETE ON attachment_rows TO switchboard_writer;
  END IF;
END $$;
