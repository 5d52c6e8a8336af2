-- One data key per account, wrapped by KMS (encryption context: the account). Deleting a row shreds every secret of
-- that account.
CREATE TABLE hook.account_keys (
  account_id  varchar(128) PRIMARY KEY,
  wrapped_key text         NOT NULL,
  created_at  timestamptz  NOT NULL DEFAULT now()
);
